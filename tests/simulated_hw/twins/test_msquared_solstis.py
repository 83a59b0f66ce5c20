"""The SolsTiS twin by its protocol, then our driver against it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import ConnectionFailed, DeviceFault, DeviceTimeout
from antistokes.instruments.lasers.msquared_solstis import SolsTiS
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twins.msquared_solstis import SolsTiSSettings, SolsTiSTwin
from antistokes.simulated_hw.visa import VirtualVisaLibrary

RESOURCE = "TCPIP0::192.168.1.222::39933::SOCKET"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def bench(clock: VirtualClock) -> Bench:
    return Bench(clock, None, None, OpticsSettings(pickoff=1.0), seed=1)


@pytest.fixture
def twin(bench: Bench) -> SolsTiSTwin:
    return make(bench)


@pytest.fixture
def laser(twin: SolsTiSTwin, clock: VirtualClock) -> SolsTiS:
    return connect(twin)


def make(bench: Bench, **settings: Any) -> SolsTiSTwin:
    twin = SolsTiSTwin("laser", bench, SolsTiSSettings(**settings))
    twin.resource_name = RESOURCE
    return twin


def connect(twin: SolsTiSTwin) -> SolsTiS:
    return SolsTiS(RESOURCE, "laser", clock=twin.clock, visa_library=VirtualVisaLibrary.of([twin]))


def arrived(twin: SolsTiSTwin) -> list[dict[str, Any]]:
    """What came until now."""
    twin.clock.sleep(0.01)
    messages = []
    while (part := twin.take()) is not None:
        messages.append(json.loads(part)["message"])
    return messages


def tell(twin: SolsTiSTwin, op: str, **parameters: Any) -> dict[str, Any]:
    """Parameters of the reply, which is all that comes."""
    content = {"message": {"transmission_id": [7], "op": op, "parameters": parameters}}
    twin.feed(json.dumps(content).encode())
    (reply,) = arrived(twin)
    assert reply["transmission_id"] == [7]
    assert reply["op"] == f"{op}_reply"
    result: dict[str, Any] = reply["parameters"]
    return result


# -- the twin -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"*IDN?\n", 1),
        (b"{nonsense}", 1),
        (b"{}", 2),
        (b'{"message":{"op":"ping"}}', 3),
        (b'{"message":{"transmission_id":[],"op":"ping"}}', 4),
        (b'{"message":{"transmission_id":[3]}}', 5),
        (b'{"message":{"transmission_id":[3],"op":""}}', 6),
        (b'{"message":{"transmission_id":[3],"op":"fly"}}', 7),
        (b'{"message":{"transmission_id":[3],"op":"move_wave_t"}}', 8),
        (b'{"message":{"transmission_id":[3],"op":"move_wave_t","parameters":{"wave":[8]}}}', 9),
        (b'{"message":{"transmission_id":[3],"op":"move_wave_t","parameters":{"wavelength":["8"]}}}', 9),
        (b'{"message":{"transmission_id":[3],"op":"etalon_lock","parameters":{"operation":"yes"}}}', 9),
    ],
)
def test_what_cannot_be_parsed_is_answered(twin: SolsTiSTwin, text: bytes, error: int) -> None:
    twin.feed(text)
    (answer,) = arrived(twin)
    assert answer["op"] == "parse_fail"
    assert answer["parameters"]["protocol_error"] == [error]
    assert answer["parameters"]["transmission"] == ([3] if error > 4 else [0])
    assert tell(twin, "ping", text_in="ABCdef") == {"text_out": "abcDEF"}


@pytest.mark.parametrize("cut", [-2, 74])  # before the last braces; behind those in the text
def test_messages_in_pieces_and_back_to_back(twin: SolsTiSTwin, cut: int) -> None:
    ping = b'{"message":{"transmission_id":[1],"op":"ping","parameters":{"text_in":"}}}\\"{"}}}'
    twin.feed(ping[:cut])
    assert twin.next_due() is None
    twin.feed(ping[cut:] + b"\r\n" + ping + ping[:20])
    assert [m["parameters"]["text_out"] for m in arrived(twin)] == ['}}}"{', '}}}"{']


def test_numbers_may_come_bare(twin: SolsTiSTwin) -> None:
    twin.feed(b'{"message":{"transmission_id":5,"op":"move_wave_t","parameters":{"wavelength":790}}}')
    (reply,) = arrived(twin)
    assert reply["parameters"] == {"status": [0]}


def test_a_link_from_elsewhere_fails(bench: Bench) -> None:
    twin = make(bench, client_address="10.0.0.7")
    assert tell(twin, "start_link", ip_address="10.0.0.8") == {"status": "failed"}
    assert tell(twin, "start_link", ip_address="10.0.0.7") == {"status": "ok"}


def test_tuning_takes_time_and_is_reported(twin: SolsTiSTwin, bench: Bench, clock: VirtualClock) -> None:
    assert tell(twin, "move_wave_t", wavelength=[800], report="finished") == {"status": [0]}
    assert tell(twin, "get_status")["etalon_lock"] == "search"
    clock.sleep(1)
    poll = tell(twin, "poll_move_wave_t")
    assert poll["status"] == [1]
    assert poll["current_wavelength"][0] == pytest.approx(790, abs=0.5)
    assert bench.beams()[0][0] == pytest.approx(790, abs=0.5)
    clock.sleep(3.1)
    (report,) = arrived(twin)
    assert (report["op"], report["parameters"]) == ("move_wave_t_f_r", {"report": [0]})
    assert tell(twin, "poll_move_wave_t")["status"] == [0]
    assert bench.beams() == [(pytest.approx(800, abs=0.05), pytest.approx(2.0, rel=1e-3))]


def test_a_stopped_move_reports_failure(twin: SolsTiSTwin, clock: VirtualClock) -> None:
    tell(twin, "move_wave_t", wavelength=[800], report="finished")
    clock.sleep(1)
    twin.feed(b'{"message":{"transmission_id":[8],"op":"stop_move_wave_t"}}')
    messages = {m["op"]: m for m in arrived(twin)}
    assert messages["move_wave_t_f_r"]["parameters"]["report"] == [1]
    assert messages["move_wave_t_f_r"]["transmission_id"] == [7]
    assert messages["stop_move_wave_t_reply"]["parameters"]["current_wavelength"][0] < 795
    clock.sleep(10)
    assert arrived(twin) == []


def test_out_of_range_and_without_pump(twin: SolsTiSTwin, bench: Bench, clock: VirtualClock) -> None:
    assert tell(twin, "move_wave_t", wavelength=[1001]) == {"status": [2]}
    twin.pumped = False
    assert not bench.light_is_on()
    assert tell(twin, "move_wave_t", wavelength=[900], report="finished") == {"status": [0]}
    clock.sleep(20)
    assert arrived(twin)[0]["parameters"] == {"report": [1]}
    assert tell(twin, "poll_move_wave_t")["status"] == [2]
    assert tell(twin, "get_status")["etalon_lock"] == "low"


def test_modes_hop_while_the_etalon_is_not_locked(twin: SolsTiSTwin, clock: VirtualClock) -> None:
    clock.sleep(1000)
    assert twin.wavelength() == 780
    assert tell(twin, "etalon_lock", operation="off") == {"status": [0]}
    clock.sleep(1000)
    hopped = twin.wavelength() - 780
    assert hopped != 0
    assert hopped / 0.1 == pytest.approx(round(hopped / 0.1))
    tell(twin, "etalon_lock", operation="on")
    here = twin.wavelength()
    clock.sleep(1000)
    assert twin.wavelength() == here


def test_locks_depend_on_each_other(twin: SolsTiSTwin) -> None:
    assert tell(twin, "cavity_lock", operation="on") == {"status": [0]}
    assert tell(twin, "cavity_lock_status") == {"status": [0], "condition": "on"}
    assert tell(twin, "etalon_lock", operation="off") == {"status": [1]}
    assert tell(twin, "cavity_lock", operation="off") == {"status": [0]}
    assert tell(twin, "etalon_lock", operation="off") == {"status": [0]}
    assert tell(twin, "cavity_lock", operation="on") == {"status": [1]}
    assert tell(twin, "ecd_lock", operation="on") == {"status": [1]}
    assert tell(twin, "ecd_lock_status")["condition"] == "not_fitted"


def test_tuning_by_percent(twin: SolsTiSTwin) -> None:
    assert tell(twin, "tune_etalon", setting=[60]) == {"status": [2]}  # locked
    tell(twin, "etalon_lock", operation="off")
    assert tell(twin, "tune_etalon", setting=[60]) == {"status": [0]}
    assert twin.wavelength() == pytest.approx(780.1)
    for op in ("tune_cavity", "fine_tune_cavity", "tune_resonator", "fine_tune_resonator"):
        assert tell(twin, op, setting=[40]) == {"status": [0]}
        assert tell(twin, op, setting=[101]) == {"status": [1]}


def test_a_wavemeter_takes_the_place_of_the_table(bench: Bench, clock: VirtualClock) -> None:
    twin = make(bench)
    assert tell(twin, "set_wave_m", wavelength=[790])["status"] == [1]
    assert tell(twin, "poll_wave_m")["status"] == [1]
    assert tell(twin, "lock_wave_m", operation="on") == {"status": [1]}
    assert tell(twin, "stop_wave_m") == {"status": [1]}
    twin = make(bench, wavemeter=True)
    assert tell(twin, "move_wave_t", wavelength=[790]) == {"status": [1]}
    assert tell(twin, "set_wave_m", wavelength=[790])["status"] == [0]
    assert tell(twin, "poll_wave_m")["status"] == [2]
    clock.sleep(10)
    poll = tell(twin, "poll_wave_m")
    assert (poll["status"], poll["current_wavelength"], poll["lock_status"]) == ([3], [790.0], [1])
    tell(twin, "lock_wave_m", operation="off")
    assert tell(twin, "poll_wave_m")["status"] == [0]
    assert tell(twin, "stop_wave_m")["status"] == [0]


def test_what_is_not_fitted_says_so(twin: SolsTiSTwin) -> None:
    assert tell(twin, "scan_stitch_status", scan="medium")["status"] == [0]
    assert tell(twin, "scan_stitch_initialise", scan="medium")["status"] == [4]
    assert tell(twin, "scan_stitch_op", scan="medium", operation="start")["status"] == [2]
    for op in ("fast_scan_start", "fast_scan_stop"):
        assert tell(twin, op, scan="etalon_single")["status"] == [1]
    assert tell(twin, "fast_scan_poll", scan="etalon_single")["status"] == [0]
    assert tell(twin, "get_alignment_status")["condition"] == "manual"
    assert tell(twin, "select_profile", profile=[1])["status"] == [0]
    assert [tell(twin, op, signal=[16])["status"] for op in ("monitor_a", "monitor_b")] == [[1], [1]]


# -- our driver against it ------------------------------------------------------------------------


def test_the_wavelength_is_there_when_the_driver_returns(
    laser: SolsTiS, bench: Bench, clock: VirtualClock
) -> None:
    begin = clock.now()
    laser.wavelength = 980
    assert clock.now() - begin > 20
    assert laser.wavelength == pytest.approx(980, abs=0.05)
    assert bench.beams()[0][0] == pytest.approx(980, abs=0.05)
    assert (laser.etalon_lock, laser.cavity_lock) == ("on", "off")
    assert 0 < laser.output < 1


def test_a_lost_report_is_asked_for(laser: SolsTiS, twin: SolsTiSTwin) -> None:
    twin.announce = lambda delay, failed=False: None  # type: ignore[method-assign, assignment]
    laser.wavelength = 800
    twin.pumped = False
    with pytest.raises(DeviceFault, match="the tuning to 900 nm has failed"):
        laser.wavelength = 900


def test_a_smaller_optics_set_refuses(bench: Bench) -> None:
    laser = connect(make(bench, range_nm=(725.0, 875.0)))
    with pytest.raises(DeviceFault, match="wavelength = 900 nm: out of its range"):
        laser.wavelength = 900


def test_a_table_that_is_far_off_is_named(bench: Bench) -> None:
    laser = connect(make(bench, table_error_nm=20.0))
    with pytest.raises(DeviceFault, match=r"instead of 900\.000 nm"):
        laser.wavelength = 900


def test_a_tuning_without_end_is_stopped(laser: SolsTiS, twin: SolsTiSTwin) -> None:
    twin.settings = SolsTiSSettings(lock_time_s=1e4)
    with pytest.raises(DeviceTimeout, match="the tuning to 800 nm has not ended after 300 s"):
        laser.wavelength = 800
    assert not twin.tuning()


def test_make_safe_leaves_the_light(laser: SolsTiS, bench: Bench) -> None:
    laser.make_safe()
    assert bench.light_is_on()


def test_half_an_answer_then_recovery(laser: SolsTiS, twin: SolsTiSTwin) -> None:
    feed = twin.feed

    def half(data: bytes, end: bool = False) -> None:
        twin.send(b'{"message":{"transmission_id":[4],"op":"x","parameters":{"a":{}')
        twin.feed = feed  # type: ignore[method-assign]

    twin.feed = half  # type: ignore[method-assign]
    with pytest.raises(
        DeviceTimeout, match=r"^laser: no answer to 'get_status' within 5 s; received so far: b"
    ):
        _ = laser.wavelength
    assert laser.wavelength == 780


def test_a_refused_link(bench: Bench) -> None:
    with pytest.raises(ConnectionFailed, match=r"refuses a link from 127\.0\.0\.1"):
        connect(make(bench, client_address="10.0.0.7"))


def test_a_dropped_connection_is_named(laser: SolsTiS) -> None:
    laser.adapter.connection.close()
    with pytest.raises(ConnectionFailed, match=r"^laser: connection lost at"):
        _ = laser.wavelength
