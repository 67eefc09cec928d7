/**
 * The HTTP client of Node. An `import` of node:http reads all that the module exports, WebSocket among it, for which Node loads
 * undici: 14 MB and 30 ms in every command that knows models. `getBuiltinModule` reads only what is asked for.
 */
export const { Agent, request } = process.getBuiltinModule('node:http');
