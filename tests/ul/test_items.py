from pynetdicom import pdu_items

from pacsd.ul.items import ItemType, UserIdentityType

PYNETDICOM = {
    ItemType.APPLICATION_CONTEXT: pdu_items.ApplicationContextItem,
    ItemType.PROPOSED_CONTEXT: pdu_items.PresentationContextItemRQ,
    ItemType.CONTEXT_ANSWER: pdu_items.PresentationContextItemAC,
    ItemType.ABSTRACT_SYNTAX: pdu_items.AbstractSyntaxSubItem,
    ItemType.TRANSFER_SYNTAX: pdu_items.TransferSyntaxSubItem,
    ItemType.USER_INFORMATION: pdu_items.UserInformationItem,
    ItemType.MAXIMUM_LENGTH: pdu_items.MaximumLengthSubItem,
    ItemType.IMPLEMENTATION_CLASS_UID: pdu_items.ImplementationClassUIDSubItem,
    ItemType.OPERATIONS_WINDOW: pdu_items.AsynchronousOperationsWindowSubItem,
    ItemType.ROLE_SELECTION: pdu_items.SCP_SCU_RoleSelectionSubItem,
    ItemType.IMPLEMENTATION_VERSION_NAME: pdu_items.ImplementationVersionNameSubItem,
    ItemType.EXTENDED_NEGOTIATION: pdu_items.SOPClassExtendedNegotiationSubItem,
    ItemType.COMMON_EXTENDED_NEGOTIATION: pdu_items.SOPClassCommonExtendedNegotiationSubItem,
    ItemType.USER_IDENTITY_RQ: pdu_items.UserIdentitySubItemRQ,
    ItemType.USER_IDENTITY_AC: pdu_items.UserIdentitySubItemAC,
}


def test_item_types_are_pynetdicoms() -> None:
    assert {kind: item().item_type for kind, item in PYNETDICOM.items()} == {
        kind: kind.value for kind in ItemType
    }


def test_user_identity_types_are_1_to_5() -> None:
    assert [kind.value for kind in UserIdentityType] == [1, 2, 3, 4, 5]
