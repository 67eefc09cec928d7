import type { GpuReading } from '../../core/stage/launcher.ts';
import { plainText } from '../../core/text/safe.ts';
import type { Machine } from './machine.ts';

const FIELDS = 'index,name,utilization.gpu,memory.used,memory.total,power.draw,temperature.gpu';

/** What nvidia-smi of a machine says now; empty where there is none. Percent, MiB, watts, degrees Celsius. */
export async function readGpus(machine: Machine, signal: AbortSignal): Promise<GpuReading[]> {
  const text = await machine.tryRun(['nvidia-smi', `--query-gpu=${FIELDS}`, '--format=csv,noheader,nounits'], signal);
  return text === null ? [] : parseGpus(text);
}

/** One GPU a line. `[N/A]`, `[Not Supported]` and their like are null: laptops and MIG slices leave much unsaid. */
export function parseGpus(text: string): GpuReading[] {
  return text.split('\n').flatMap((line) => {
    const parts = line.split(',').map((part) => part.trim());
    if (parts.length < 7 || !/^\d+$/.test(parts[0] ?? '')) return [];
    // a name may hold commas; the numbers after it may not
    const [utilization, memoryUsedMb, memoryTotalMb, powerW, temperatureC] = parts.slice(-5).map(reading);
    return [
      {
        index: Number(parts[0]),
        name: plainText(parts.slice(1, -5).join(', ')),
        utilization: utilization ?? null,
        memoryUsedMb: memoryUsedMb ?? null,
        memoryTotalMb: memoryTotalMb ?? null,
        powerW: powerW ?? null,
        temperatureC: temperatureC ?? null,
      },
    ];
  });
}

function reading(text: string): number | null {
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : null;
}
