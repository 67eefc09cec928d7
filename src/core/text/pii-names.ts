/**
 * Names by which people introduce themselves. Found by the words around them and never by a list of names, so that what
 * is missed is missed for everybody alike; what merely looks like an introduction ("I'm Sad", "call me Monday") stays.
 */

const NAME = String.raw`(\p{Lu}[\p{Ll}'’-]+|\p{Lu}{2,12})`;
const SURNAME = String.raw`(?:[ ](\p{Lu}[\p{Ll}'’-]+))?`;
const GREETING = String.raw`(?:^|[\n.!?]\s{0,3})(?:[Hh]i|HI|[Hh]ello|HELLO|[Hh]ey|HEY|[Hh]iya|[Gg]ood (?:morning|evening|afternoon|day))\b[^\n.!?]{0,12}?[\s,.!-]{1,4}`;

/** What ends an introduction in small letters: "my name is dana and", but not "my name is on the list". */
const END = String.raw`(?=\s*(?:[,.!?\n]|$)|\s+(?:and|i|im|i['’]m)\b)`;
const MY_NAME = String.raw`\b[Mm]y (?:first |full |real )?name(?: is|['’]s| was|:)`;

const INTRODUCTIONS: readonly RegExp[] = [
  new RegExp(`${MY_NAME} +${NAME}${SURNAME}`, 'gu'),
  new RegExp(String.raw`${MY_NAME} +(\p{L}[\p{L}'’-]+)${END}`, 'gmu'),
  /^[Mm]y name (\p{L}[\p{L}'’-]+)$/gmu,
  new RegExp(
    String.raw`\b(?:[Yy]ou can|[Pp]lease|[Jj]ust|[Pp]eople|[Ff]riends|[Tt]hey|[Ee]veryone) call me ${NAME}`,
    'gu',
  ),
  new RegExp(String.raw`\b[Tt]he name(?: is|['’]s) ${NAME}`, 'gu'),
  // "Hello, I'm Dana." A mood or a nationality can stand there too: COMMON, and what follows, tell them apart.
  new RegExp(
    String.raw`${GREETING}(?:[Ii]['’]?m|[Ii] am|[Tt]his is) ${NAME}(?= here\b|[,.!?\n]|$| and (?:[Ii]|my)\b| nice\b| by the way\b)`,
    'gmu',
  ),
  new RegExp(
    String.raw`\b(?:[Ii]['’]?m|[Ii] am|[Tt]his is) ${NAME}(?= by the way\b|,? nice to meet\b|,? pleased to meet\b| here[,.!\n])`,
    'gu',
  ),
];

/** Words that stand where a name would and are none. */
const COMMON = new Set(
  (
    'a about actually afraid again all alone also always am an and angry annoyed another anxious any anxiety are ashamed at awake aware away awful back bad ' +
    'be because been being better between blue bored broken busy but by calling called cold coming confused curious dead depressed depression devastated different ' +
    'disabled disappointed done down drained dying ecstatic either embarrassed emotional empty ever everyone excited exhausted extremely fat feeling fed female fine ' +
    'finally for free from frustrated furious getting glad going good grateful great grieving guilty happy hard having he heartbroken her here hers him his home homeless ' +
    'hopeful hopeless hoping how hungry hurt i if ill important in insecure irritated is it its jealous just kind known late learning leaving like listed living lonely ' +
    'looking lost mad male married maybe me mentally mine miserable more moving much my near nervous never new nice no nobody none not now numb of off ok okay old on one ' +
    'only open or our out over overwhelmed panicking pissed pretty proud quite ready really relieved right sad safe same scared she shocked sick single so some someone ' +
    'sorry stressed struggling stuck studying suffering super sure surprised taking terrible terrified that the their them there they thinking this tired to today ' +
    'together tomorrow tonight too torn trying unable under unemployed unhappy unsure up upset us used very waiting was we weird well what when where which who why with ' +
    'without working worried worthless writing wrong yes you young your yours ' +
    'monday tuesday wednesday thursday friday saturday sunday january february march april july august september october november december christmas covid ' +
    'american british canadian indian chinese mexican african asian german french irish italian spanish english european australian christian catholic muslim ' +
    'jewish hindu buddhist gay lesbian bi bisexual trans straight autistic diabetic bipolar adhd ptsd ocd hiv usa uk us hell lol idk omg mud'
  ).split(' '),
);

/** Names that are also everyday words: without an introduction they are replaced only where somebody is addressed. */
const AMBIGUOUS = new Set(
  (
    'amber angel april art ash august autumn baby bear bill bliss bob buddy buck carol chance charity chase cherry christian clay cliff crystal daisy dale dawn dean destiny ' +
    'diamond don drew duke earl eve faith fern flora forest frank gene ginger glen gill grace grant guy harmony harry heath heather hope hunter iris ivy jack jasmine jay jean ' +
    'jewel jimmy joy june justice king lance lane lee lily love lucky major mark marina mark max may melody mercy mike miles misty nick nova olive paris pat patience peace ' +
    'pearl penny piper pray precious queen rain ray red reed rich river rob robin rocky rod rose ruby rusty sandy scarlet serenity sky skip sonny star sterling stone storm ' +
    'sue summer sunny terry trinity van victor violet virginia wade ward west will willow win winter wood woody'
  ).split(' '),
);

/** The names, as written, by which a text introduces its writer; a first name and a surname are two. */
export function introducedNames(text: string): string[] {
  return introductions(text).flatMap(({ names }) => names);
}

function introductions(text: string): { names: string[]; start: number; end: number }[] {
  return INTRODUCTIONS.flatMap((pattern) =>
    [...text.matchAll(pattern)].flatMap((match) => {
      const [whole, first = '', surname] = match;
      if (isCommon(first)) return [];
      const start = match.index + whole.lastIndexOf(surname === undefined ? first : `${first} ${surname}`);
      const names = surname === undefined || isCommon(surname) ? [first] : [first, surname];
      return [{ names, start, end: start + names.join(' ').length }];
    }),
  );
}

function isCommon(word: string): boolean {
  const plain = word.toLowerCase().replace(/['’].*$/u, '');
  // "my name is cleared", "my name is being called"
  const verb = word === plain && plain.length > 5 && /(?:ed|ing)$/u.test(plain);
  return plain.length < 2 || verb || COMMON.has(plain);
}

/** Where the writer's own introductions and the given names stand. */
export function nameSpans(text: string, names: readonly string[]): { start: number; end: number }[] {
  const spans = introductions(text).map(({ start, end }) => ({ start, end }));
  for (const name of names) {
    if (name === '') continue;
    const title = name.charAt(0).toUpperCase() + name.slice(1);
    // Small letters are left alone ("a grace period"); scripts that have none are matched as they are.
    const word = `(?:${quoted(title)}|${quoted(title.toUpperCase())})`;
    const pattern =
      AMBIGUOUS.has(name.toLowerCase()) || name.length < 3
        ? String.raw`(?<=(?:\b(?:[Hh]i|[Hh]ello|[Hh]ey|[Tt]hanks|[Tt]hank you|[Dd]ear|[Bb]ye|[Gg]oodbye|[Oo]k|[Oo]kay|[Ss]orry|[Ww]elcome|[Mm]eet you),? |, ))${word}(?=[,.!?\n]|$)`
        : String.raw`(?<![\p{L}\p{N}_@])${word}(?![\p{L}\p{N}_@])`;
    for (const match of text.matchAll(new RegExp(pattern, 'gmu'))) {
      spans.push({ start: match.index, end: match.index + match[0].length });
    }
  }
  return spans.sort((a, b) => a.start - b.start || b.end - a.end);
}

function quoted(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`);
}
