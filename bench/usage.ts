/** Loaded before a program (`--import`): at its end, what it took goes to the file that FOIL_BENCH_USAGE names. */
import { writeFileSync } from 'node:fs';
import process from 'node:process';

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const usage = { cpuMs: (userCPUTime + systemCPUTime) / 1000, rssMb: maxRSS / 1024, ended: Date.now() };
  writeFileSync(process.env['FOIL_BENCH_USAGE'] ?? '/dev/null', JSON.stringify(usage));
});
