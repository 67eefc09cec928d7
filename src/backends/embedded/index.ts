export { type ConnectOptions, connectEngine, type EngineHandle, type EngineInfo } from './client.ts';
export type { EngineModelCard } from './protocol.ts';
export {
  BASE,
  ensureWeights,
  type Weights,
  type WeightsOptions,
  type WeightsProgress,
  weightsDir,
  weightsReady,
} from './weights.ts';
