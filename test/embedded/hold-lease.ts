import { type ConnectOptions, connectEngine } from '../../src/backends/embedded/index.ts';

/** Child of a test: joins the engine that argv[2] describes, says so, and stays until it is killed. */
const engine = await connectEngine(JSON.parse(process.argv[2] ?? '{}') as ConnectOptions);
console.log(engine.info.pid);
setInterval(() => undefined, 60_000);
