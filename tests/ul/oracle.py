"""Our records as pynetdicom's PDUs, built through its own primitives."""

from typing import Any

from pynetdicom import pdu as theirs
from pynetdicom import pdu_primitives as primitives
from pynetdicom.presentation import PresentationContext

from pacsd.ul.items import UserIdentityRQ, UserInformation
from pacsd.ul.pdu import Abort, AssociateAC, AssociateRJ, AssociateRQ, PDataTF


def associate_rq(record: AssociateRQ) -> Any:
    primitive = primitives.A_ASSOCIATE()
    primitive.application_context_name = record.application_context
    primitive.called_ae_title = record.called_ae
    primitive.calling_ae_title = record.calling_ae
    for proposed in record.contexts:
        context = PresentationContext()
        context.context_id = proposed.context_id
        context.abstract_syntax = proposed.abstract_syntax
        # Its setter drops a repeated syntax; the wire may carry one.
        context._transfer_syntax = list(map(theirs.UID, proposed.transfer_syntaxes))
        primitive.presentation_context_definition_list.append(context)
    primitive.user_information = _user_information(record.user_information)
    pdu = theirs.A_ASSOCIATE_RQ()
    pdu.from_primitive(primitive)
    return pdu


def associate_ac(record: AssociateAC) -> Any:
    primitive = primitives.A_ASSOCIATE()
    primitive.application_context_name = record.application_context
    primitive.called_ae_title = record.called_ae
    primitive.calling_ae_title = record.calling_ae
    for answer in record.contexts:
        context = PresentationContext()
        context.context_id = answer.context_id
        context.result = answer.result
        context.transfer_syntax = [answer.transfer_syntax]
        primitive.presentation_context_definition_results_list.append(context)
    primitive.user_information = _user_information(record.user_information)
    pdu = theirs.A_ASSOCIATE_AC()
    pdu.from_primitive(primitive)
    return pdu


def associate_rj(record: AssociateRJ) -> Any:
    pdu = theirs.A_ASSOCIATE_RJ()
    pdu.result, pdu.source, pdu.reason_diagnostic = record.result, record.source, record.reason
    return pdu


def p_data_tf(record: PDataTF) -> Any:
    primitive = primitives.P_DATA()
    for pdv in record.pdvs:
        control = pdv.is_command | pdv.is_last << 1
        value = bytes((control,)) + bytes(pdv.data)
        primitive.presentation_data_value_list.append((pdv.context_id, value))
    pdu = theirs.P_DATA_TF()
    pdu.from_primitive(primitive)
    return pdu


def abort(record: Abort) -> Any:
    pdu = theirs.A_ABORT_RQ()
    pdu.source, pdu.reason_diagnostic = record.source, record.reason
    return pdu


def _user_information(record: UserInformation) -> list[Any]:
    """In the order of the sub-items' types."""
    items: list[Any] = []
    if record.max_length is not None:
        items.append(
            _filled("MaximumLengthNotification", maximum_length_received=record.max_length)
        )
    items.append(
        _filled(
            "ImplementationClassUIDNotification",
            implementation_class_uid=record.implementation_class_uid,
        )
    )
    if (window := record.operations_window) is not None:
        items.append(
            _filled(
                "AsynchronousOperationsWindowNegotiation",
                maximum_number_operations_invoked=window.max_invoked,
                maximum_number_operations_performed=window.max_performed,
            )
        )
    items += _lists(record)
    if record.user_identity is not None:
        items.append(_identity(record.user_identity))
    if record.user_identity_response is not None:
        items.append(
            _filled("UserIdentityNegotiation", server_response=record.user_identity_response)
        )
    return items


def _lists(record: UserInformation) -> list[Any]:
    items = [
        _filled(
            "SCP_SCU_RoleSelectionNegotiation",
            sop_class_uid=role.sop_class_uid,
            scu_role=role.scu_role,
            scp_role=role.scp_role,
        )
        for role in record.role_selections
    ]
    if record.implementation_version_name:
        name = record.implementation_version_name
        items.append(
            _filled("ImplementationVersionNameNotification", implementation_version_name=name)
        )
    items += [
        _filled(
            "SOPClassExtendedNegotiation",
            sop_class_uid=each.sop_class_uid,
            service_class_application_information=each.application_information,
        )
        for each in record.extended_negotiations
    ]
    items += [
        _filled(
            "SOPClassCommonExtendedNegotiation",
            sop_class_uid=each.sop_class_uid,
            service_class_uid=each.service_class_uid,
            related_general_sop_class_identification=list(each.related_general_sop_class_uids),
        )
        for each in record.common_extended_negotiations
    ]
    return items


def _identity(record: UserIdentityRQ) -> Any:
    return _filled(
        "UserIdentityNegotiation",
        user_identity_type=record.identity_type,
        positive_response_requested=record.is_response_requested,
        primary_field=record.primary_field,
        secondary_field=record.secondary_field,
    )


def _filled(primitive: str, **fields: object) -> Any:
    item = getattr(primitives, primitive)()
    for name, value in fields.items():
        setattr(item, name, value)
    return item
