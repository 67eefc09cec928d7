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

/** Accuracy, F1, MCC at turns 1, 5, 10, 25 and overall of the discriminator of each simulator. */
const TABLE_2: Readonly<Record<string, readonly (readonly [number, number, number])[]>> = {
  'UserSim-160K-base': [
    ...([
      [0.62, 0.801, 0.243],
      [0.823, 0.816, 0.647],
      [0.902, 0.886, 0.801],
    ] as const),
    ...([
      [0.961, 0.939, 0.911],
      [0.879, 0.859, 0.754],
    ] as const),
  ],
  'UserSim-160K-it1': [
    ...([
      [0.528, 0.538, 0.055],
      [0.703, Math.LN2, 0.406],
      [0.795, 0.76, 0.583],
    ] as const),
    ...([
      [0.874, 0.774, 0.687],
      [0.765, 0.714, 0.515],
    ] as const),
  ],
  'UserSim-160K-it2': [
    ...([
      [0.538, 0.513, 0.082],
      [0.673, 0.653, 0.347],
      [0.762, 0.716, 0.513],
    ] as const),
    ...([
      [0.901, 0.865, 0.792],
      [0.74, 0.691, 0.472],
    ] as const),
  ],
  'UserSim-160K-it3': [
    ...([
      [0.525, 0.606, 0.055],
      [0.64, 0.644, 0.28],
      [0.681, 0.595, 0.339],
    ] as const),
    ...([
      [0.845, 0.789, 0.673],
      [0.695, 0.639, 0.376],
    ] as const),
  ],
};

/** Where the paper's five places of Table 2 stand among ours; its "Overall" is read as all turns pooled. */
const PLACES = ['t1', 't5', 't10', 't25', 'all'] as const;

/** Row of Table 2 by column (`t1_accuracy`, ...); null for a simulator without one. */
export function table2(simulator: string | null | undefined): Record<string, number> | null {
  const row = TABLE_2[simulator ?? ''];
  if (!row) return null;
  return Object.fromEntries(
    row.flatMap(([accuracy, f1, mcc], at) => [
      [`${PLACES[at]}_accuracy`, accuracy],
      [`${PLACES[at]}_f1`, f1],
      [`${PLACES[at]}_mcc`, mcc],
    ]),
  );
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
