import type { ClientRequest } from 'node:http';
import { FoilError } from '../../core/errors.ts';
import { request } from '../http.ts';

/** A held lease: the engine lives while it is open. */
export interface Lease {
  /** Resolves when the connection ends, whoever ended it. */
  readonly closed: Promise<void>;
  close(): void;
}

/** Opens a lease on the engine. The connection does not keep this process alive. @throws FoilError if the engine refuses. */
export function openLease(engine: { port: number; token: string }): Promise<Lease> {
  return new Promise((resolve, reject) => {
    const call: ClientRequest = request({
      host: '127.0.0.1',
      port: engine.port,
      path: '/foil/lease',
      headers: { authorization: `Bearer ${engine.token}` },
      agent: false,
    });
    call.on('error', reject);
    call.on('response', (response) => {
      if (response.statusCode !== 200) {
        response.resume();
        reject(new FoilError('engine-refused', `the engine refused a lease (HTTP ${response.statusCode})`));
        return;
      }
      response.socket.unref();
      response.resume();
      // a server that is killed resets the connection: an end like any other
      response.on('error', () => undefined);
      const closed = new Promise<void>((done) => response.on('close', done));
      resolve({ closed, close: () => call.destroy() });
    });
    call.end();
  });
}
