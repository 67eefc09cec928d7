/** The paper's own numbers (its tables 1, 2, 3 and 5), by the row names there. Rates are shares here, not per cent. */

export const TABLE_1: Readonly<Record<string, Readonly<Record<'entropy' | 'ttr' | 'bigrams', number>>>> = {
  'Real Users': { entropy: 6.6, ttr: 0.483, bigrams: 0.861 },
  'GPT-4o': { entropy: 7.12, ttr: 0.408, bigrams: 0.837 },
  'Kimi-K2-Instruct': { entropy: 7.65, ttr: 0.416, bigrams: 0.851 },
  'Llama-3.3-70B-Instruct': { entropy: 7.02, ttr: 0.268, bigrams: 0.651 },
  'UserSim-160K-base': { entropy: 6.18, ttr: 0.382, bigrams: 0.728 },
  'UserSim-160K-it1': { entropy: 6.38, ttr: 0.471, bigrams: 0.839 },
  'UserSim-160K-it2': { entropy: 6.52, ttr: 0.439, bigrams: 0.821 },
  'UserSim-160K-it3': { entropy: 6.51, ttr: 0.461, bigrams: 0.841 },
};

/** Accuracy, F1, MCC at turns 1, 5, 10, 25 and overall of the discriminator of each simulator, in per cent as printed. */
const TABLE_2: Readonly<Record<string, string>> = {
  'UserSim-160K-base': '62.0 80.1 24.3  82.3 81.6 64.7  90.2 88.6 80.1  96.1 93.9 91.1  87.9 85.9 75.4',
  'UserSim-160K-it1': '52.8 53.8 5.5  70.3 69.3 40.6  79.5 76.0 58.3  87.4 77.4 68.7  76.5 71.4 51.5',
  'UserSim-160K-it2': '53.8 51.3 8.2  67.3 65.3 34.7  76.2 71.6 51.3  90.1 86.5 79.2  74.0 69.1 47.2',
  'UserSim-160K-it3': '52.5 60.6 5.5  64.0 64.4 28.0  68.1 59.5 33.9  84.5 78.9 67.3  69.5 63.9 37.6',
};

/** Where the paper's five places of Table 2 stand among ours; its "Overall" is read as all turns pooled. */
const PLACES = ['t1', 't5', 't10', 't25', 'all'] as const;

/** Row of Table 2 by column (`t1_accuracy`, ...); null for a simulator without one. */
export function table2(simulator: string | null | undefined): Record<string, number> | null {
  const row = TABLE_2[simulator ?? ''];
  if (!row) return null;
  const shares = row.split(/ +/u).map((percent) => Number((Number(percent) / 100).toFixed(3)));
  const columns = PLACES.flatMap((place) => ['accuracy', 'f1', 'mcc'].map((figure) => `${place}_${figure}`));
  return Object.fromEntries(columns.map((column, at) => [column, shares[at] as number]));
}

export const TABLE_3: Readonly<Record<string, Readonly<Record<'r' | 'p' | 'kl', number>>>> = {
  'GPT-4o': { r: 0.484, p: 0.079, kl: 1.566 },
  'Kimi-K2-Instruct': { r: 0.564, p: 0.036, kl: 0.453 },
  'Llama-3.3-70B-Instruct': { r: 0.629, p: 0.016, kl: 0.542 },
  'UserSim-160K-base': { r: 0.528, p: 0.052, kl: 0.671 },
  'UserSim-160K-it1': { r: 0.685, p: 0.007, kl: 0.63 },
  'UserSim-160K-it2': { r: 0.818, p: 0.0003, kl: 0.318 },
  'UserSim-160K-it3': { r: 0.781, p: 0.001, kl: 0.148 },
  Aggregate: { r: 0.801, p: 0.0006, kl: 0.152 },
};

/** The paper's name of what stands in its tables where a source stands in ours; null where nothing does. */
export function paperName(
  source: { readonly kind: 'real' } | { readonly kind: 'simulated'; readonly iteration: number | null },
): string | null {
  if (source.kind === 'real') return 'Real Users';
  if (source.iteration === null || source.iteration > 3) return null;
  return source.iteration === 0 ? 'UserSim-160K-base' : `UserSim-160K-it${source.iteration}`;
}

/** Beside any of the paper's numbers. */
export const PAPER_NOTE =
  "The paper's numbers come from its own users, chatbots and models of 70B: they compare in pattern only.";

/** Rates of Table 5 with its z and p: simulation by UserSim-160K-base, then production. */
export const TABLE_5: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'Model A (Qwen-based)': table5(0.0265, 0.0325, 2.83, 0.005, 0.0271, 0.0356, 3.27, 0.001),
  'Model B (Llama-based)': table5(0.0242, 0.0287, 2.23, 0.026, 0.0232, 0.0264, 1.35, 0.178),
  'Model C (GPT-based)': table5(0.0178, 0.0213, 2.02, 0.044, 0.0154, 0.0142, -0.66, 0.511),
};

function table5(
  ...row: readonly [number, number, number, number, number, number, number, number]
): Record<string, number> {
  const columns = [
    'sim_control',
    'sim_treatment',
    'sim_z',
    'sim_p',
    'real_control',
    'real_treatment',
    'real_z',
    'real_p',
  ];
  return Object.fromEntries(columns.map((column, at) => [column, row[at] as number]));
}
