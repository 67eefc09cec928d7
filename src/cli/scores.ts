/** How p_t and r_t are written behind a user turn: `p 0.57  r +0.29`. */
export function scoreText({ p, r }: { readonly p: number; readonly r: number }): string {
  return `p ${p.toFixed(2)}  r ${r < 0 ? '' : '+'}${r.toFixed(2)}`;
}
