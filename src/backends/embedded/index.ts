export { type ConnectOptions, connectEngine, type EngineHandle, type EngineInfo } from './client.ts';
export type { EngineModelCard } from './protocol.ts';
