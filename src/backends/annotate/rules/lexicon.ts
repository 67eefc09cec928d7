/** Alternatives of a word list, as a part of a regular expression. */
export function anyOf(list: string): string {
  return `(?:${list
    .trim()
    .split(/\s*\n\s*|\s*,\s*/u)
    .join('|')})`;
}

/** Words for specific feelings; general ones (bad, upset, not well) are distress and not an emotion that is named. */
export const NEGATIVE = anyOf(
  `sad\\w*, depress(?:ed|ing|ion), anxi(?:ous\\w*|ety), angry, anger, furious, mad at, afraid, scared, fear\\w*, terrified,
  frighten\\w*, worr(?:y|ied|ies|ying), nervous, panic\\w*, asham\\w*, embarrass\\w*, guilt\\w*, humiliat\\w*, lonely,
  loneliness, jealous\\w*, envious, hurt, heartbroken, devastated, disappoint\\w*, frustrat\\w*, resent\\w*, hopeless,
  worthless, helpless, bitter, disgust\\w*, grief, grieving, betrayed, annoyed, irritated, insecure, regret\\w*, bored,
  overwhelmed, stressed, hate, miserable, unhappy, abandoned, rejected`,
);

export const POSITIVE = anyOf(
  `happy, happier, happiness, glad, proud, relieved, relief, grateful, thankful, excited, hopeful, confident, joy\\w*,
  delighted, calm\\w*, content with, optimistic, encouraged, loved, cheerful, pleased, motivated, at peace, comforted,
  inspired`,
);

/** Somebody or something to lean on: persons first, then offices. */
export const SUPPORT = anyOf(
  `friend\\w*, husband, wife, partner, boyfriend, girlfriend, mom, mum, mother, dad, father, parents, sister, brother,
  family, therapist, counsel+or, psychologist, psychiatrist, doctor, priest, pastor, teacher, support group`,
);

/** Immediate human help. */
export const CRISIS_HELP =
  /\b(?:hot ?line|help ?line|lifeline|988|911|999|112|1-?800|samaritans|crisis|emergency|call (?:the )?(?:police|ambulance)|professional help|therapist|counsell?or|psychiatrist|doctor|hospital)\b|\d{3}-\d{4}/iu;

/** What one says to end a conversation. */
export const GOODBYE =
  /\b(?:good ?bye|bye+|good ?night|take care(?: of yourself)?(?: (?:and|now|then|my friend))?(?:[.!,\n]|$)|have a (?:very )?(?:great|good|nice|wonderful|lovely|blessed|fantastic|merry|happy)(?: rest)? (?:of|day|night|evening|afternoon|weekend|week|one|time|holidays?|christmas|life|year|new)|talk (?:to you )?(?:later|soon)|see (?:you|ya) (?:later|soon|around|then)|(?:gotta|got to|have to|need to|must|should|better) (?:go|leave|run)(?: now)?(?:[.!,]|$)|signing off|enjoy (?:your|the rest))/iu;

export const GREETING = /^(?:\W*)(?:hi+|hello+|hey+|good (?:morning|evening|afternoon|day)|greetings|howdy|hiya)\b/iu;
