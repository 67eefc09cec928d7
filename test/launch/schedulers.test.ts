import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../../src/backends/config/load.ts';
import { parseGpus } from '../../src/backends/launch/gpus.ts';
import { openLauncher } from '../../src/backends/launch/open.ts';
import { sbatchCommand } from '../../src/backends/launch/slurm.ts';
import { answerOf, parseSacct, parseScontrol, parseSqueue } from '../../src/backends/launch/slurm-states.ts';
import { makeJob, never } from './jobs.ts';

describe('Slurm', () => {
  const old = { job_id: 7, name: 'foil-x-1', current_working_directory: '/w', job_state: 'FAILED', exit_code: 768 };
  const recent = {
    job_id: 7,
    name: 'foil-x-1',
    current_working_directory: '/w',
    array_job_id: { set: true, infinite: false, number: 6 },
    job_state: ['FAILED'],
    state_reason: 'NonZeroExitCode',
    exit_code: {
      status: ['ERROR'],
      return_code: { set: true, infinite: false, number: 3 },
      signal: { id: { set: false, infinite: false, number: 0 }, name: '' },
    },
    end_time: { set: true, infinite: false, number: 1_800_000_000 },
  };

  it('is read in the words of 22.05 and of later versions', () => {
    for (const job of [old, recent]) {
      const [read] = parseSqueue(JSON.stringify({ jobs: [job] })) ?? [];
      expect(read).toMatchObject({
        ids: expect.arrayContaining(['7']),
        name: 'foil-x-1',
        folder: '/w',
        state: 'FAILED',
        code: 3,
      });
      expect(answerOf([read as never])).toMatchObject({ kind: 'ended', state: 'failed', code: 3, signal: null });
    }
    expect(parseSqueue(JSON.stringify({ jobs: [recent] }))?.[0]?.ids).toEqual(['7', '6']);
    expect(parseSqueue('slurm_load_jobs error')).toBeNull();
    expect(parseSqueue('{"jobs":[]}')).toEqual([]);
  });

  it('an empty list beside an error is no empty queue, unless the error is that the job is not known', () => {
    const away = { error: 'Unspecified error', error_number: -1, description: 'Failed while looking for jobs' };
    const gone = { error: 'Invalid job id specified', error_number: 2017, description: '' };
    expect(parseSqueue(JSON.stringify({ errors: [away], jobs: [] }))).toBeNull();
    expect(parseSqueue(JSON.stringify({ errors: [gone], jobs: [] }))).toEqual([]);
    expect(parseSqueue(JSON.stringify({ errors: [], jobs: [] }))).toEqual([]);
  });

  it.each([
    ['PENDING', { kind: 'queued' }],
    ['CONFIGURING', { kind: 'queued' }],
    ['RUNNING', { kind: 'running', reason: null }],
    ['COMPLETING', { kind: 'running' }],
    ['COMPLETED', { kind: 'ended', state: 'done' }],
    ['CANCELLED', { kind: 'ended', state: 'cancelled' }],
    ['OUT_OF_MEMORY', { kind: 'ended', state: 'failed', reason: expect.stringMatching(/memory/) }],
    ['TIMEOUT', { kind: 'ended', state: 'failed', reason: expect.stringMatching(/time limit/) }],
    ['NODE_FAIL', { kind: 'ended', state: 'failed', reason: expect.stringMatching(/node failed/) }],
  ])('%s', (state, expected) => {
    expect(
      answerOf(parseSqueue(JSON.stringify({ jobs: [{ ...old, exit_code: 0, job_state: state }] })) ?? []),
    ).toMatchObject(expected);
    expect(answerOf(parseScontrol(`JobId=7 JobName=x JobState=${state} Reason=None ExitCode=0:0`))).toMatchObject(
      expected,
    );
    expect(answerOf(parseSacct(`7|${state}|0:0|Unknown`))).toMatchObject(expected);
  });

  it('a signal is not an exit code, and an array is what still runs of it', () => {
    expect(answerOf(parseSacct('7|CANCELLED by 0|0:15|2027-01-15T08:00:00\n'))).toMatchObject({
      state: 'cancelled',
      code: 0,
      signal: 'TERM',
      ended: expect.stringMatching(/^2027-01-1/),
    });
    const task = (id: number, job_state: string) => ({ ...old, job_id: id, array_job_id: 7, job_state });
    const of = (...states: string[]) =>
      answerOf(parseSqueue(JSON.stringify({ jobs: states.map((state, i) => task(8 + i, state)) })) ?? []);
    expect(of('COMPLETED', 'RUNNING', 'PENDING')).toMatchObject({ kind: 'running' });
    expect(of('COMPLETED', 'PENDING')).toMatchObject({ kind: 'queued' });
    expect(of('COMPLETED', 'FAILED')).toMatchObject({ kind: 'ended', state: 'failed' });
    expect(of()).toBeNull();
  });

  it('is asked for what the run needs, less what the options say', async () => {
    const job = await makeJob('true', { resources: { gpus: 8, cpus: 16, memoryGb: 100, hours: 1.5 } });
    const ask = (...own: string[]) => sbatchCommand(own, job).args;
    expect(ask()).toEqual(
      expect.arrayContaining(['--gres=gpu:8', '--cpus-per-task=16', '--mem=102400M', '--time=90', '--no-requeue']),
    );
    for (const own of ['--gres=gpu:h100:8', '--gpus=8', '-G8'])
      expect(ask(own).join(' ')).not.toContain('--gres=gpu:8');
    expect(ask('--mem-per-gpu=80G').join(' ')).not.toContain('--mem=');
    expect(ask('--array=0-3', '--nodes=2', '--qos=high').slice(-3)).toEqual(['--array=0-3', '--nodes=2', '--qos=high']);
    expect(ask().filter((arg) => arg.startsWith('--job-name'))).toEqual([`--job-name=foil-${job.id}-1`]);
  });
});

describe('Ray', () => {
  type Answer = { status: number; body: unknown };
  async function ray(answer: (request: IncomingMessage, body: string) => Answer): Promise<string> {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (piece) => (body += piece));
      request.on('end', () => {
        // Ray takes what sends these for a browser
        const browser =
          request.method === 'POST' && Object.keys(request.headers).some((name) => /^sec-fetch|^origin$/.test(name));
        const { status, body: text } = browser ? { status: 405, body: 'browser traffic' } : answer(request, body);
        response.writeHead(status).end(typeof text === 'string' ? text : JSON.stringify(text));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }
  const open = (address: string, more = '', env = {}) =>
    openLauncher(
      'r',
      parseConfig(`launchers:\n  r: { kind: ray, address: "${address}"${more} }\n`, '/w/foil.yaml'),
      env,
    );

  it('is asked for GPUs, CPUs, memory and its own resources, with the key of the environment', async () => {
    const seen: unknown[] = [];
    const address = await ray(({ method, url, headers }, body) => {
      seen.push({ method, url, key: headers.authorization, body: JSON.parse(body) });
      return { status: 200, body: { submission_id: 'x', job_id: 'x' } };
    });
    const job = await makeJob('true', { attempt: 2, resources: { gpus: 8, cpus: 4, memoryGb: 2, hours: 3 } });
    const launcher = open(address, ', key_env: RAY_KEY, resources: { "accelerator_type:H100": 0.001 }', {
      RAY_KEY: 'sesame',
    });
    expect(await launcher.submit(job, never)).toMatchObject({ kind: 'ray', job: `foil-${job.id}-2` });
    expect(seen).toEqual([
      {
        ...{ method: 'POST', url: '/api/jobs/', key: 'Bearer sesame' },
        body: {
          entrypoint: `sh ${job.folder}/job/job.sh run ${job.folder} 2`,
          submission_id: `foil-${job.id}-2`,
          metadata: { foil_run: job.id, foil_attempt: '2' },
          entrypoint_num_gpus: 8,
          entrypoint_num_cpus: 4,
          entrypoint_memory: 2 * 1024 ** 3,
          entrypoint_resources: { 'accelerator_type:H100': 0.001 },
        },
      },
    ]);
    expect(() => open(address, ', key_env: RAY_KEY')).toThrow(/RAY_KEY/);
  });

  it('an id that is taken is this job; another refusal is an error', async () => {
    const job = await makeJob('true');
    const taken = await ray(({ method }) =>
      method === 'POST'
        ? { status: 500, body: 'Traceback\nValueError: already exists' }
        : { status: 200, body: { status: 'RUNNING' } },
    );
    expect(await open(taken).submit(job, never)).toMatchObject({ job: `foil-${job.id}-1` });
    const refusing = await ray(({ method }) => ({
      status: method === 'POST' ? 400 : 404,
      body: 'Traceback\nTypeError: no',
    }));
    await expect(open(refusing).submit(job, never)).rejects.toMatchObject({
      code: 'ray-refused',
      message: expect.stringMatching(/TypeError: no/),
    });
    const closed = await ray(() => ({ status: 401, body: 'no' }));
    await expect(open(closed).submit(job, never)).rejects.toMatchObject({ code: 'key-refused' });
  });

  it.each([
    [
      { status: 200, body: { status: 'PENDING', message: 'waiting for resources\nmore' } },
      { state: 'queued', reason: 'waiting for resources' },
    ],
    [{ status: 200, body: { status: 'RUNNING' } }, { state: 'running' }],
    [
      { status: 200, body: { status: 'SUCCEEDED', end_time: 1_800_000_000_000, driver_exit_code: 0 } },
      { state: 'done', code: 0 },
    ],
    [
      { status: 200, body: { status: 'FAILED', message: 'node died', driver_exit_code: null } },
      { state: 'failed', reason: 'Ray says: node died' },
    ],
    [{ status: 200, body: { status: 'STOPPED' } }, { state: 'cancelled' }],
    [{ status: 200, body: { status: 'SOMETHING' } }, { state: 'unknown' }],
    [{ status: 200, body: '<html>' }, { state: 'unknown' }],
    [
      { status: 502, body: 'Bad gateway' },
      { state: 'unknown', reason: expect.stringMatching(/502/) },
    ],
    [{ status: 404, body: 'Job x does not exist' }, { state: 'lost' }],
  ])('what it answers is a state: %o', async (answer, expected) => {
    const address = await ray(() => answer);
    const { folder, id } = await makeJob('true');
    const handle = { launcher: 'r', kind: 'ray' as const, job: `foil-${id}-1`, folder, attempt: 1, submitted: '' };
    expect(await open(address).report(handle, never)).toMatchObject(expected);
  });
});

describe('nvidia-smi', () => {
  it('is read with what it does not say', () => {
    const text = `0, NVIDIA H100 80GB HBM3, 97, 61234, 81559, 612.40, 58
1, NVIDIA Graphics, Inc. Thing, [N/A], [N/A], 16384, [Not Supported], 41
No devices were found
`;
    expect(parseGpus(text)).toEqual([
      {
        index: 0,
        name: 'NVIDIA H100 80GB HBM3',
        utilization: 97,
        memoryUsedMb: 61234,
        memoryTotalMb: 81559,
        powerW: 612.4,
        temperatureC: 58,
      },
      {
        index: 1,
        name: 'NVIDIA Graphics, Inc. Thing',
        utilization: null,
        memoryUsedMb: null,
        memoryTotalMb: 16384,
        powerW: null,
        temperatureC: 41,
      },
    ]);
    expect(parseGpus('')).toEqual([]);
  });
});

it('a launcher that is not there is an error with those that are', () => {
  const config = parseConfig('launchers:\n  cluster: { kind: slurm }\n', '/w/foil.yaml');
  expect(openLauncher('local', config)).toMatchObject({ name: 'local', kind: 'local', python: null, base: null });
  expect(openLauncher('cluster', config)).toMatchObject({ name: 'cluster', kind: 'slurm' });
  expect(() => openLauncher('clutser', config)).toThrow(
    expect.objectContaining({ code: 'no-launcher', remedy: ['did you mean "cluster"? known: local, cluster'] }),
  );
});
