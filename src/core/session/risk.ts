/**
 * A hint, not a label: words of suicide and self-harm. Sessions that match are marked and kept out of demos (design 9);
 * it errs on the side of marking too many.
 */
const RISK_WORDS =
  /\b(?:suicid\w*|self[- ]?harm\w*|overdos\w*|better off dead|end (?:it all|my (?:own )?life)|take my (?:own )?life|(?:kill|killing|cut|cutting|hurt|hurting|harm|harming) my ?self|(?:want|wanna|wanted|wish i (?:could|would)) (?:to )?die|wish i (?:was|were) dead)\b/iu;

export function hasRiskLanguage(texts: Iterable<string>): boolean {
  for (const text of texts) if (RISK_WORDS.test(text)) return true;
  return false;
}
