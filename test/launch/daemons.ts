import { z } from 'zod';

/** What scripts/launchers.mjs started for these suites. */
const daemonsSchema = z.object({
  ssh: z
    .object({
      host: z.string(),
      port: z.number(),
      user: z.string(),
      identity: z.string(),
      known_hosts: z.string(),
      folder: z.string(),
      /** Of the sshd. */
      pid: z.number(),
    })
    .optional(),
  slurm: z.object({ script: z.string(), dir: z.string(), conf: z.string() }).optional(),
  ray: z.object({ address: z.string() }).optional(),
});
type Daemons = z.infer<typeof daemonsSchema>;

/** @throws if the suite was started by hand. */
export function daemon<K extends keyof Daemons>(name: K): NonNullable<Daemons[K]> {
  const text = process.env['FOIL_TEST_LAUNCHERS'];
  const found = text === undefined ? undefined : daemonsSchema.parse(JSON.parse(text))[name];
  if (found === undefined) throw new Error(`start this suite with \`npm run test:launchers -- ${name}\``);
  return found as NonNullable<Daemons[K]>;
}
