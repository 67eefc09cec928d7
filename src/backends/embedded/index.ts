export { type ConnectOptions, connectEngine, type EngineHandle } from './client.ts';
export {
  BASE,
  ensureWeights,
  type Weights,
  type WeightsProgress,
  weightsDir,
  weightsReady,
} from './weights.ts';
