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

/** Set phrases of sympathy. */
export const SYMPATHY =
  /\b(?:i(?:'m| am) (?:so |very |really |truly )*sorry|i (?:can )?(?:completely |totally |really )?(?:understand|see|hear you)|(?:that|it|this)(?: must| sounds?|'s| is| can| would)?(?: be| really| very| so)* (?:\w+ )?(?:hard|tough|difficult|rough|terrible|awful|challenging|frustrating|sad|stressful|upsetting)|i (?:know|can imagine) how)/iu;

/** Tells somebody what to do. */
export const ADVISES =
  /\b(?:you (?:should|could|need to|must|have to|ought to|might want to|may want to|can (?:try|also|always|start|talk|ask))|(?:have you|did you) (?:tried|try|thought (?:about|of)|considered?)|why (?:don't|not) (?:you )?|i(?:'d| would)? (?:suggest|recommend|advise)|try (?:to|and|\w+ing|a|some|not)|how about (?:you )?\w+ing|it (?:might|may|would) (?:help|be (?:good|helpful|a good idea|best|better)) (?:to|if)|my advice|make sure (?:to|you))\b/iu;

/** Asks what to do. */
export const FOR_ADVICE =
  /\b(?:what (?:should|can|could|else can) i|how (?:do|can|should) i|any (?:advice|suggestions?|ideas?|tips)|(?:need|want|give me|have) (?:some |any |your )?(?:advice|suggestions?|tips|help with)|what (?:do|would) you (?:suggest|recommend|advise|do)|can you (?:suggest|recommend|help)|tell me (?:what|how) to)\b/iu;

/** Says that one has to go. */
export const LEAVES =
  /\b(?:good ?bye|bye+|(?:gotta|got to|have to|need to|must|should|better) (?:go|leave)(?: now)?(?:[.!,\n]|$)|i(?:'m| am) (?:leaving|going to (?:go|bed|sleep))|let'?s (?:stop|end)|talk (?:to you )?later|good ?night)/iu;

/** A person, a past or a body of one's own. */
export const DISCLOSES =
  /\b(?:when i was (?:\w+ )?(?:younger|young|your|a|in|at|going|with|married|pregnant|\d+)|(?:i|i've|i have)(?: also| too| actually| myself| once| personally| just| have)* (?:went|gone|been|go|going) through (?:\w+ )?(?:that|this|it|a|something|similar|the same|some)|i(?:'ve| have) (?:also |actually |personally |definitely )?(?:been there|been in (?:your|that|a|the|this|similar)|felt (?:that|the same|like)|had (?:a|the|to|similar|that|some|my|many|anxiety|depression)|experienced|lost|struggled|dealt|suffered|worked (?:in|as|at|with)|tried|found)|my (?:own )?(?:wife|husband|mom|mother|dad|father|sister|brother|son|daughter|kids?|children|boyfriend|girlfriend|ex|partner|family|friends?|best friend|boss|job|dog|cat|therapist|doctor|life|divorce|experience|grandmother|grandma|grandfather|aunt|uncle|cousin)\b|i (?:lost|had|used to|struggled|suffered|grew up|felt|was (?:\w+ )?(?:depressed|anxious|laid off|fired|divorced|bullied|diagnosed|in (?:a|the|your|that)))|i(?:'m| am) (?:also |a )?(?:married|divorced|single|a (?:mother|father|mom|dad|student|teacher|nurse|man|woman|parent)|retired)|(?:same|similar|that) (?:thing|situation|experience)? ?happened to me|i (?:know|understand) (?:\w+ )*from (?:my|personal|experience)|as (?:a|an) (?:mother|father|parent|teacher|woman|man) myself)\b/iu;
