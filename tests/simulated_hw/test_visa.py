"""What a program sees through pyvisa when the instruments are twins in its own process."""

import os
import subprocess
import sys
import threading
from collections import deque

import pytest
import pyvisa
from pyvisa import constants
from pyvisa.constants import BufferOperation

from antistokes.instruments.clock import RealClock, VirtualClock
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twin import Line, Twin, answers
from antistokes.simulated_hw.visa import VirtualVisaLibrary

USB = "USB0::0x1313::0x8078::P0012345::INSTR"
SERIAL = "ASRL3::INSTR"
SOCKET = "TCPIP0::192.168.1.36::7777::SOCKET"
TIMEOUT = constants.StatusCode.error_timeout
STATION = f"""
backend = "@sim"
[instruments.meter]
driver = "thorlabs_pm100d"
resource = "{USB}"
"""


class Parrot(Twin):
    """Says what it is told."""

    latency = 0.25

    @answers("say (.*)")
    def say(self, text):
        return text

    @answers("slow (.*)")
    def slow(self, text):
        self.take_time(10)
        return text

    @answers("first (.*)")
    def first(self, text):
        """Before all that waits: by a new outbox, as a twin may have one."""
        self._outbox = deque([(0.0, text.encode()), *self._outbox])

    @answers(r"block (\d+)")
    def block(self, size):
        data = bytes(range(256)) * (int(size) // 256)
        return b"#6%06d" % len(data) + data + b"\n"


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def manager(clock):
    bench = Bench(clock, None, None, OpticsSettings(), 0)
    twins = []
    for name in (USB, SERIAL, SOCKET):
        twins.append(Parrot(name, bench))
        twins[-1].resource_name = name
    manager = pyvisa.ResourceManager(VirtualVisaLibrary.of(twins))
    yield manager
    manager.close()


@pytest.fixture
def usb(manager):
    return manager.open_resource(USB)


@pytest.fixture
def serial(manager):
    return manager.open_resource(SERIAL, read_termination="\n", write_termination="\n")


@pytest.fixture
def socket(manager):
    return manager.open_resource(SOCKET, read_termination="\n", write_termination="\n")


def station_file(folder):
    path = folder / "lab.toml"
    path.write_text(STATION)
    return path


# -- messages -------------------------------------------------------------------------------------


def test_end_of_message_ends_a_usb_message_without_terminator(usb):
    usb.write_raw(b"say hello")
    assert usb.read_raw() == b"hello\n"


def test_a_serial_message_waits_for_its_terminator(serial):
    serial.write_raw(b"say hel")
    serial.write_raw(b"lo\r\n")
    assert serial.read() == "hello"


def test_a_socket_is_a_stream(socket):
    socket.write_raw(b"say a\nsay b\nsay")
    assert socket.read_bytes(4) == b"a\nb\n"
    socket.write_raw(b" c\n")
    assert socket.read() == "c"


def test_a_read_ends_at_the_count_and_the_rest_stays(usb):
    usb.write("say abcdef")
    library, session = usb.visalib, usb.session
    assert library.read(session, 4) == (b"abcd", constants.StatusCode.success_max_count_read)
    assert library.read(session, 4) == (b"ef\n", constants.StatusCode.success)


def test_end_counts_when_it_comes_with_the_last_byte_asked_for(usb):
    usb.write("say abc")
    usb.chunk_size = 4
    assert usb.read_raw() == b"abc\n"


def test_a_termination_character_ends_a_read_before_end(usb):
    usb.write("say a,b")
    usb.read_termination = ","
    assert usb.read() == "a"
    usb.read_termination = "\n"
    assert usb.read() == "b"


def test_a_binary_block_comes_back_whole(usb, socket):
    for resource in (usb, socket):
        values = resource.query_binary_values("block 65536", datatype="B", container=bytes)
        assert values == bytes(range(256)) * 256


# -- time -----------------------------------------------------------------------------------------


def test_an_answer_takes_its_time_on_the_clock_of_the_bench(usb, clock):
    usb.query("say x")
    assert clock.now() == pytest.approx(0.25)


def test_a_time_out_takes_its_time_on_the_clock_of_the_bench(usb, clock):
    usb.timeout = 3000
    with pytest.raises(pyvisa.VisaIOError) as caught:
        usb.read()
    assert caught.value.error_code == TIMEOUT
    assert clock.now() == pytest.approx(3)


def test_an_answer_that_came_too_late_is_the_next_one_read(usb):
    with pytest.raises(pyvisa.VisaIOError):
        usb.query("slow first")
    usb.timeout = 20000
    assert usb.query("say second") == "first\n"


# -- clearing -------------------------------------------------------------------------------------


def test_clear_forgets_answers_under_way(usb):
    usb.write("slow first")
    usb.clear()
    assert usb.query("say second") == "second\n"


def test_flush_forgets_only_what_has_arrived(serial, clock):
    serial.write("say old")
    clock.sleep(1)
    serial.write("say new")
    serial.flush(BufferOperation.discard_read_buffer)
    assert serial.read() == "new"


def test_flushing_what_was_written_forgets_no_answer(usb, clock):
    usb.write("say x")
    clock.sleep(1)
    usb.flush(BufferOperation.flush_write_buffer)
    assert usb.read() == "x\n"


def test_the_status_byte_tells_that_an_answer_waits(usb, clock):
    usb.write("say x")
    assert usb.read_stb() == 0
    clock.sleep(1)
    assert usb.read_stb() == 0x10
    usb.read()
    assert usb.read_stb() == 0


def test_a_serial_line_counts_what_has_arrived(serial, clock):
    serial.write("say ab\nsay c")
    assert serial.bytes_in_buffer == 0
    clock.sleep(1)
    assert serial.bytes_in_buffer == len(b"ab\nc\n")


# -- sessions -------------------------------------------------------------------------------------


def test_usb_keeps_an_unread_answer_for_the_next_session_and_a_socket_does_not(manager, usb, socket, clock):
    for resource in (usb, socket):
        resource.write("say old")
        resource.close()
    clock.sleep(1)
    assert manager.open_resource(USB).read() == "old\n"
    again = manager.open_resource(SOCKET, read_termination="\n", write_termination="\n")
    assert again.query("say new") == "new"


def test_what_is_not_there_cannot_be_opened(manager):
    for name in ("USB0::1::2::3::INSTR", "nonsense"):
        with pytest.raises(pyvisa.VisaIOError):
            manager.open_resource(name)


def test_resources_are_listed_by_pattern(manager):
    assert set(manager.list_resources("?*")) == {USB.replace("INSTR", "0::INSTR"), SERIAL, SOCKET}
    assert manager.list_resources("ASRL?*") == (SERIAL,)
    assert manager.list_resources("GPIB?*") == ()


def test_lines_of_one_twin_do_not_mix():
    clock = VirtualClock()
    twin = Parrot("parrot", Bench(clock, None, None, OpticsSettings(), 0))
    one, other = Line(twin), Line(twin)
    one.feed(b"say o")
    other.feed(b"say other\n")
    twin.feed(b"say own\n")
    one.feed(b"ne\nfirst of all\n")
    assert (one.waiting(), other.waiting()) == (2, 1)
    clock.sleep(1)
    assert [line.take() for line in (one, one, other, twin)] == [b"of all", b"one\n", b"other\n", b"own\n"]


def test_threads_that_lock_each_query_get_their_own_answers():
    bench = Bench(RealClock(), None, None, OpticsSettings(), 0)
    twin = Parrot("parrot", bench)
    twin.latency = 0
    twin.resource_name = USB
    manager = pyvisa.ResourceManager(VirtualVisaLibrary.of([twin]))
    lock = threading.Lock()
    wrong = []

    def hammer(name):
        resource = manager.open_resource(USB)
        for i in range(5000):
            with lock:
                answer = resource.query(f"say {name}{i}")
            if answer != f"{name}{i}\n":
                wrong.append(answer)

    threads = [threading.Thread(target=hammer, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    manager.close()
    assert wrong == []


# -- by name --------------------------------------------------------------------------------------


def test_two_managers_of_one_file_share_one_world(tmp_path, monkeypatch):
    path = station_file(tmp_path)
    monkeypatch.chdir(tmp_path)
    one = pyvisa.ResourceManager(f"{path}@antistokes")
    two = pyvisa.ResourceManager("lab.toml@antistokes")
    assert one is not two
    one.open_resource(USB).write("SENS:CORR:WAV 500")
    assert float(two.open_resource(USB).query("SENS:CORR:WAV?")) == 500
    one.close()
    two.close()


def test_a_closed_manager_can_be_opened_again_and_finds_the_same_world(tmp_path):
    name = f"{station_file(tmp_path)}@antistokes"
    manager = pyvisa.ResourceManager(name)
    meter = manager.open_resource(USB)
    meter.write("SENS:CORR:WAV 500")
    manager.close()
    with pytest.raises(pyvisa.errors.InvalidSession):
        meter.write("*RST")
    del manager, meter
    manager = pyvisa.ResourceManager(name)
    assert float(manager.open_resource(USB).query("SENS:CORR:WAV?")) == 500
    manager.close()


def test_another_file_is_another_world(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, two = (pyvisa.ResourceManager(f"{station_file(tmp_path / n)}@antistokes") for n in "ab")
    one.open_resource(USB).write("SENS:CORR:WAV 500")
    assert float(two.open_resource(USB).query("SENS:CORR:WAV?")) == 635
    one.close()
    two.close()


def test_a_program_that_knows_nothing_of_us_meets_the_bench_by_environment_variable(tmp_path):
    program = f"""
from pymeasure.instruments.thorlabs import ThorlabsPM100USB
meter = ThorlabsPM100USB({USB!r})
meter.wavelength = 700
print('S120C' in meter.sensor_name, meter.wavelength, abs(meter.power) < 1e-6)
"""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::FutureWarning", "-c", program],
        env=os.environ | {"PYVISA_LIBRARY": f"{station_file(tmp_path)}@antistokes"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.stdout.split(), result.stderr) == (["True", "700.0", "True"], "")
