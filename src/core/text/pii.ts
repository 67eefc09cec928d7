import type { Context, Session } from '../session/schema.ts';
import { introducedNames, nameSpans } from './pii-names.ts';

export const PII_KINDS = ['email', 'link', 'phone', 'address', 'id', 'name'] as const;
export type PiiKind = (typeof PII_KINDS)[number];

/** How many of each kind were replaced. */
export type PiiCounts = Record<PiiKind, number>;

/** A stretch of text that is replaced, or, with kind null, one that is left alone and that no later rule may touch. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly kind: PiiKind | null;
}

interface Rule {
  readonly pattern: RegExp;
  /** What the match is; null if it only looks like PII. */
  readonly kind: (match: string, before: string) => PiiKind | null;
}

/** Sites that serve everybody in need are no personal data, and a session about help is not readable without them. */
const HELP_SITE =
  /(?:^|[@/.])(?:988lifeline|suicidepreventionlifeline|crisistextline|samaritans|befrienders|iasp|nami|thetrevorproject|lifeline|findahelpline)\.(?:org|com|info)(?:\.au)?(?:[/?#]|$)/iu;

/**
 * Digits of numbers that belong to nobody: toll-free ones, which is what help lines use. North America: 800, 833, 844,
 * 855, 866, 877, 888; Britain and Ireland: 0800, 0808, 1800 and the 116 numbers; Australia: 1300, 1800.
 */
const TOLL_FREE =
  /^(?:(?:1?8(?:00|33|44|55|66|77|88)\d{7})|(?:(?:44)?0?80[08]\d{6,7})|(?:(?:61|353)?1[38]00\d{6})|(?:(?:44|353)?116\d{3}))$/u;

const phone = (match: string): PiiKind | null => (TOLL_FREE.test(match.replace(/\D/gu, '')) ? null : 'phone');

/** In text where nothing says phone, 400-1200 is a range. */
const PHONE_WORDS =
  /\b(?:call|phone|number|text|cell|mobile|tel|dial|ring|reach|whatsapp|contact|fax)\b[^.!?]{0,30}$/iu;

const STREET =
  '(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Terrace|Crescent|Place|Pl|Square|Sq|Parkway|Pkwy|Highway|Hwy)';
const UNIT = String.raw`(?:,? (?:Apt|Apartment|Unit|Suite|Flat|#)\.? ?[A-Za-z]?\d{0,5}[A-Za-z]?\b)?`;
/** ", Springfield, IL 62704" and ", Cambridge CB2 1AB" after a street. */
const TOWN = String.raw`(?:(?:,? [A-Z][a-z]+){0,2},? (?:[A-Z]{2} \d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})\b)?`;

/**
 * In order of precedence: a stretch that one rule has claimed is not looked at by the next. Repetitions are bounded, so
 * that no message can make one of them freeze.
 */
const RULES: readonly Rule[] = [
  // A bare host names a public site ("look on indeed.com"); with a path it can name a person's page.
  {
    pattern: /\b(?:https?:\/\/|www\.)[^\s<>"'`]*[^\s<>"'`.,;:!?)\]*_]/giu,
    kind: (match) => (HELP_SITE.test(match) ? null : 'link'),
  },
  {
    pattern:
      /(?<![\w@.-])(?:[a-z0-9-]{1,63}\.){1,6}(?:com|org|net|edu|gov|io|me|co|uk|de|fr|tv|info)\/[^\s<>"'`]*[^\s<>"'`.,;:!?)\]*_]/giu,
    kind: (match) => (HELP_SITE.test(match) ? null : 'link'),
  },
  {
    pattern: /[a-z0-9][a-z0-9._%+-]{0,63}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}\b/giu,
    kind: (match) => (HELP_SITE.test(match) ? null : 'email'),
  },
  // Never to be touched: UUIDs and other hexadecimal ids of machines, dates, times, money, decimals.
  { pattern: /\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/giu, kind: () => null },
  {
    pattern: /(?<![\d-])\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?![\d-])/gu,
    kind: () => null,
  },
  { pattern: /(?:[$£€¥₹]|\b(?:USD|EUR|GBP|INR) ?)\d[\d,.]*/gu, kind: () => null },
  { pattern: /(?<![\w.])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w.-]*\d)/gu, kind: () => null },
  { pattern: /(?<![\w.])\d+\.\d+(?![\w.-]*\d)/gu, kind: () => null },
  {
    pattern: new RegExp(
      String.raw`(?<![\w$£€.,-])\d{1,5}[A-Za-z]?,? (?:[NSEW]\.? |North |South |East |West )?(?:[A-Z][a-z'’]+|\d{1,3}(?:st|nd|rd|th)) (?:[A-Z][a-z'’]+ ){0,2}?${STREET}\b${UNIT}${TOWN}`,
      'gu',
    ),
    kind: () => 'address',
  },
  {
    pattern:
      /(?<=\b(?:live|lives|living|stay|staying|address is|home is) (?:at |on )?)\d{1,5} (?:[a-z'’]+ ){1,2}(?:street|avenue|road|lane|boulevard|drive|court)\b/giu,
    kind: () => 'address',
  },
  { pattern: /(?<![\w+])\+\d(?:[ ().-]{0,2}\d){7,14}(?![\w-])/gu, kind: phone },
  {
    pattern: /(?<![\w.+-])(?:1[ .-]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-]?)[2-9]\d{2}[ .-]?\d{4}(?![\w-]|[.,]\d)/gu,
    kind: phone,
  },
  { pattern: /(?<![\w.+-])\(?0\d{2,4}\)?[ -]\d{3,4}[ -]?\d{3,4}(?![\w-]|[.,]\d)/gu, kind: phone },
  { pattern: /(?<![\w.+-])0[1-9]\d{8,9}(?![\w-]|[.,]\d)/gu, kind: phone },
  {
    pattern: /(?<![\w.+$£€-])[2-9]\d{2}-\d{4}(?![\w-]|[.,]\d)/gu,
    kind: (match, before) => (match.startsWith('555') || PHONE_WORDS.test(before) ? 'phone' : null),
  },
  { pattern: /(?<![\w.-])\d{3}-\d{2}-\d{4}(?![\w-])/gu, kind: () => 'id' },
  { pattern: /(?<![\w.-])\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{3,4}(?![\w-])/gu, kind: () => 'id' },
  { pattern: /(?<![\w.,-])\d{9,24}(?![\w-]|[.,]\d)/gu, kind: (match) => (TOLL_FREE.test(match) ? null : 'id') },
];

/** Characters before a match that its rule may look at. */
const LOOK_BACK = 60;

export function emptyCounts(): PiiCounts {
  return { email: 0, link: 0, phone: 0, address: 0, id: 0, name: 0 };
}

/**
 * Replaces personal data by stable placeholders such as `[email]`: e-mail addresses, links, phone numbers (help lines
 * stay), street addresses, long numbers that identify, and `names` together with names by which the text introduces its
 * writer. Precision comes first: ages, counts, dates, times, prices and UUIDs stay as they are.
 *
 * Idempotent: what a replacement leaves is looked at again until nothing more is found.
 */
export function redactText(text: string, names: readonly string[] = []): { text: string; counts: PiiCounts } {
  const counts = emptyCounts();
  const known = [...new Set([...names, ...introducedNames(text)])];
  let result = text;
  for (;;) {
    const spans = findSpans(result, known).filter((span) => span.kind !== null);
    if (spans.length === 0) return { text: result, counts };
    let next = '';
    let from = 0;
    for (const { start, end, kind } of spans) {
      next += `${result.slice(from, start)}[${kind}]`;
      from = end;
      counts[kind as PiiKind] += 1;
    }
    result = next + result.slice(from);
  }
}

/** Stretches in order of place, none overlapping. */
function findSpans(text: string, names: readonly string[]): Span[] {
  const spans: Span[] = [];
  const taken = new Uint8Array(text.length);
  const claim = (span: Span) => {
    if (taken.subarray(span.start, span.end).includes(1)) return;
    taken.fill(1, span.start, span.end);
    spans.push(span);
  };
  for (const { pattern, kind } of RULES) {
    for (const match of text.matchAll(pattern)) {
      const start = match.index;
      const end = start + match[0].length;
      claim({ start, end, kind: kind(match[0], text.slice(Math.max(0, start - LOOK_BACK), start)) });
    }
  }
  for (const span of nameSpans(text, names)) claim({ ...span, kind: 'name' });
  return spans.sort((a, b) => a.start - b.start);
}

/** Profile fields that are personal data as a whole, whatever they say. */
const PROFILE_FIELDS: Readonly<Record<string, PiiKind>> = {
  name: 'name',
  first_name: 'name',
  last_name: 'name',
  full_name: 'name',
  email: 'email',
  phone: 'phone',
  phone_number: 'phone',
  address: 'address',
};

/**
 * Takes personal data out of a whole session: its turns, annotations, context and free text in `meta`. A name that is
 * introduced anywhere (or stands in the profile) is replaced everywhere in the session.
 */
export function redactSession(session: Session): { session: Session; counts: PiiCounts } {
  const counts = emptyCounts();
  const profileNames = Object.entries(session.context.profile).flatMap(([key, value]) =>
    PROFILE_FIELDS[key] === 'name' && typeof value === 'string'
      ? value.split(/\s+/u).filter((word) => /^\p{Lu}/u.test(word))
      : [],
  );
  const userTexts = [
    ...session.turns.map((turn) => turn.content),
    ...session.context.history.map((turn) => turn.content),
    session.context.current_summary ?? '',
    session.context.long_term ?? '',
  ];
  const names = [...new Set([...profileNames, ...userTexts.flatMap(introducedNames)])];
  const clean = (text: string): string => {
    const result = redactText(text, names);
    for (const kind of PII_KINDS) counts[kind] += result.counts[kind];
    return result.text;
  };
  const deep = (value: unknown, take: (text: string) => boolean): unknown => {
    if (typeof value === 'string') return take(value) ? clean(value) : value;
    if (Array.isArray(value)) return value.map((item) => deep(item, take));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, deep(item, take)]));
  };
  const all = () => true;
  const context: Context = {
    ...(deep({ ...session.context, profile: {} }, all) as Context),
    profile: Object.fromEntries(
      Object.entries(session.context.profile).map(([key, value]) => {
        const kind = PROFILE_FIELDS[key];
        if (kind === undefined || typeof value !== 'string' || value === `[${kind}]`) return [key, deep(value, all)];
        counts[kind] += 1;
        return [key, `[${kind}]`];
      }),
    ),
  };
  return {
    counts,
    session: {
      ...session,
      context,
      turns: session.turns.map((turn) => ({
        ...turn,
        content: clean(turn.content),
        ...(turn.annotations ? { annotations: deep(turn.annotations, all) as Record<string, unknown> } : {}),
      })),
      // Ids, labels and model names are one word; free text and addresses are not.
      meta: deep(session.meta, (text) => /[\s@]/u.test(text)) as Session['meta'],
    },
  };
}
