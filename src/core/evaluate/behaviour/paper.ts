/** Table 4 of the paper: BCE of user actions by group; its groups "Bad Ind.", "Good Ind." and "User Feat.". */
export const TABLE_4: Readonly<Record<string, Readonly<Record<'total' | 'bad' | 'good' | 'feature', number>>>> = {
  'GPT-4o': { total: 0.18662, bad: 0.08772, good: 0.18573, feature: 0.29522 },
  'Kimi-K2-Instruct': { total: 0.19116, bad: 0.06451, good: 0.20626, feature: 0.30948 },
  'Llama-3.3-70B-Instruct': { total: 0.20721, bad: 0.06269, good: 0.24554, feature: 0.32205 },
  'UserSim-160K-base': { total: 0.15866, bad: 0.05994, good: 0.1368, feature: 0.28056 },
  'UserSim-160K-it1': { total: 0.15962, bad: 0.05975, good: 0.13731, feature: 0.28333 },
  'UserSim-160K-it2': { total: 0.15861, bad: 0.05968, good: 0.13697, feature: 0.28065 },
  'UserSim-160K-it3': { total: 0.15866, bad: 0.0597, good: 0.13658, feature: 0.28114 },
};

/** Issue rates that 5.1 states with the name of the source; Figure 2 shows the others without numbers. */
export const ISSUE_RATES: Readonly<Record<string, number>> = { 'Real Users': 0.0302, 'UserSim-160K-it2': 0.0307 };
