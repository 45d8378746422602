from contrib.docs.state_diagram import render


def test_every_state_and_action_is_explained() -> None:
    lines = render().splitlines()
    assert "| Sta6 | Association established. |" in lines
    assert "| DT-2 | indicate P-DATA | Sta6 |" in lines
    assert "| AR-8 | indicate the release: collision | Sta9 or Sta10 |" in lines


def test_the_diagram_shows_the_way_of_an_association() -> None:
    text = render()
    for way in (
        "Sta1 --> Sta2 : TRANSPORT-INDICATION / AE-5",
        "Sta2 --> Sta3 : ASSOCIATE-RQ-PDU / AE-6",
        "Sta2 --> Sta13 : ASSOCIATE-RQ-PDU / AE-6",
        "Sta3 --> Sta6 : ASSOCIATE-ACCEPT / AE-7",
        "Sta8 --> Sta13 : RELEASE-RESPONSE / AR-4",
    ):
        assert way in text
