"""A power sweep from Python: run it, look at single points, analyse, draw.

Run it as ``python examples/power_sweep.py`` on the virtual bench, with a station file as argument on yours.
"""

import sys
from pathlib import Path

from antistokes.analysis import load, power_law, power_sweep_figure
from antistokes.analysis.figures import save_figure
from antistokes.instruments import Station
from antistokes.procedures import PowerSweep, run
from antistokes.simulated_hw.stations import find_station

station_file = sys.argv[1] if len(sys.argv) > 1 else find_station("virtual")
path = Path("power_sweep.h5")

with Station.load(station_file) as station:
    # without runner and file: records are dictionaries
    for record in PowerSweep(start=1, stop=10, points_per_decade=2, order="up").measure(station):
        counts = record["spectrum"].max()
        print(f"{record['irradiance_mean']:6.2f} W/cm²: {counts:9.0f} counts/s at the brightest pixel")

    outcome = run(PowerSweep(start=0.1, stop=1000), station, path)
print(f"{outcome.status}: {outcome.points} points in {outcome.seconds:.0f} s")

data = load(path)
results = power_law(data)
for band, law in results.items():
    print(f"{band}: {law.exponent:.2f} ± {law.stderr:.2f}")
save_figure(power_sweep_figure(data, results), path.with_suffix(".png"))
