from __future__ import annotations

from pathlib import Path

from producer.dev.properties import QUICK, SINGLE_NODE, SMALL, Listeners, as_text, properties_of


def test_a_broker_differs_from_another_in_ports_data_and_rack_only() -> None:
    listeners = Listeners(broker=20_001, controller=20_002)
    own = dict(
        properties_of(listeners, data=Path("/data"), rack="dev-1").items() - {**SINGLE_NODE, **SMALL, **QUICK}.items()
    )
    assert own == {
        "listeners": "PLAINTEXT://127.0.0.1:20001,CONTROLLER://127.0.0.1:20002",
        "advertised.listeners": "PLAINTEXT://127.0.0.1:20001",
        "controller.quorum.voters": "1@127.0.0.1:20002",
        "log.dirs": "/data",
        "broker.rack": "dev-1",
    }


def test_properties_are_written_one_a_line() -> None:
    assert as_text({"a": "1", "b.c": "x,y"}) == "a=1\nb.c=x,y\n"
