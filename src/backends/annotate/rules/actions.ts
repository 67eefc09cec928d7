import { GOODBYE, GREETING, NEGATIVE, POSITIVE, SUPPORT } from './lexicon.ts';
import { copiedShare, questionsIn, type View } from './view.ts';

/** A rule: what it looks for, in words for the documentation, and the test. */
export interface Rule {
  readonly cue: string;
  readonly test: (message: View) => boolean;
}

const re = (source: string) => new RegExp(source, 'iu');
export const lexical = (cue: string, pattern: RegExp): Rule => ({ cue, test: ({ text }) => pattern.test(text) });

/** "I feel", "I am", "makes me" and their like, with up to three words before what is felt. */
const FEEL = `\\b(?:i(?:'m| am| was|'ve been| have been| feel| felt| get| got| am feeling| started feeling)|im|i m|feel(?:ing)?|feels|makes? me(?: feel)?|made me(?: feel)?|my)(?: \\w+){0,3}? `;
/** A denial within the few words before a feeling turns it round. */
const DENIED = `(?<!\\b(?:not|n't|never|no longer|don't|doesn't|didn't)(?: \\w+){0,2} )`;

const RISK =
  /\b(?:suicid\w*|self[- ]?harm\w*|overdos\w*|better off dead|end (?:it all|my (?:own )?life)|take my (?:own )?life|(?:kill|killing|cut|cutting|hurt|hurting|harm|harming) my ?self|(?:want|wanna|wanted|wish i (?:could|would)) (?:to )?die|wish i (?:was|were) dead|(?:don't|do not) want to (?:live|be here|wake up|exist)|(?:kill|hurt) (?:him|her|them|somebody|someone)\b)/iu;

const ADVICE_BEFORE =
  /\b(?:you (?:can|could|should|might|may|need to|have to|ought)|have you (?:tried|thought|considered|talked|spoken)|why (?:don't|not)|try (?:to|and|\w+ing)|maybe|perhaps|i (?:would|suggest|recommend|think|believe)|it (?:sounds|seems|might|may|can|could|helps|is)|that (?:sounds|must|is)|how about|what about|let'?s|is it possible|do you think)\b/iu;

export const ACTION_RULES: Readonly<Record<string, Rule>> = {
  'gained-insight': lexical(
    'says that they realise, see now, or had not thought of it so',
    /\b(?:i(?:'ve| have| just| now| am| do)? (?:realiz|realis)(?:e|ed|ing)\b(?! how (?:hard|bad))|i (?:see|understand|get it) now|now i (?:see|understand|realize)|(?:never|hadn't|haven't|didn't) (?:really )?(?:thought|think|thinking|looked|considered|noticed) (?:of|about|at) (?:it|that|this)|i (?:never|hadn't) (?:noticed|considered)|opened my eyes|eye[- ]opening|put (?:it|things) (?:in|into) perspective|i learned that|dawned on me)/iu,
  ),
  'change-talk': lexical(
    '"I will", "I am going to", "I plan to" with a verb of doing',
    /\b(?:i(?:'ll| will| shall)(?: (?:definitely|certainly|surely|probably|also|just|really|for sure))?|i(?:'m| am) (?:going to|gonna|planning (?:to|on))|im (?:going to|gonna)|i plan (?:to|on)|i(?:'ve| have) decided to|i intend to|going to (?:try|start)) (?:try|start|stop|talk|speak|call|ring|reach|look|do (?:that|this|it|some)|give (?:it|that|this)|take|make|go|find|apply|write|work on|ask|tell|see a|contact|join|focus|practi[cs]e|use|read|check|keep|set|sign|schedule|consider|think about (?:it|that|what)|visit|remember|begin|continue|exercise|walk|learn)/iu,
  ),
  agrees: {
    cue: 'opens with assent to a message that advised, observed or suggested, or says that it is right or a good idea',
    test: ({ text, before }) => {
      if (AGREES.test(text) && !/\bnot a (?:good|great|bad)\b/iu.test(text)) return true;
      if (!before || !ADVICE_BEFORE.test(before.text)) return false;
      // yes to a question of fact agrees with nothing
      if (before.text.trimEnd().endsWith('?') && !SUGGESTS.test(before.text)) return false;
      return ASSENT.test(text) && !BUT.test(text);
    },
  },
  'chatbot-created-change': lexical(
    'feels better, calmer or lighter by the talk; "you have helped"',
    /\b(?:i(?:'m| am)?(?: already| do| really)? feel(?:ing)? (?:(?:so|a bit|a lot|a little|much|slightly|way|somewhat|already|alot) )*(?:better|calmer|relieved|lighter|more (?:hopeful|confident|at ease|positive))|you(?:'ve| have)?(?: really| already| definitely)? (?:helped|made me feel (?:better|good|heard|so much better|a lot better|much better))|(?:this|talking|it|that|chatting|our (?:chat|conversation|talk)|you)(?: with you| to you| really| has| have|'s| definitely| all| already| did)* (?:helped|helps)(?: me)?\b(?! (?:him|her|them))|been (?:a (?:great|big|huge|real) help|(?:very|so|really|extremely) helpful|helpful))/iu,
  ),
  gratitude: {
    cue: 'thanks, or values the help',
    test: ({ text }) =>
      THANKS.test(
        text.replace(
          /\bthanks? (?:to (?:my|the|his|her)|giving|goodness|god)\b|\b(?:never|not|n't) (?:even )?(?:say|says|said) thank(?:s| you)/giu,
          '',
        ),
      ),
  },
  'reports-progress': lexical(
    'a healthy step taken, or things getting better',
    /\b(?:(?:it|things?|everything|i)(?:'s| is| are|'m| am| has| have|'ve)?(?: been| slowly| finally| getting)* (?:getting|gotten|got|going|doing|become|becoming|improv\w+)(?: \w+)? (?:better|easier|well)|i(?:'ve| have)? (?:finally|already|actually|recently) (?:started|tried|talked|told|called|went|joined|applied|signed|managed|begun|began|spoke|made|took|stopped|quit|booked)|i(?:'ve| have) (?:started|joined|begun|signed up|been (?:walking|exercising|meditating|journaling|working out|going to (?:therapy|the gym)|practicing|practising|applying))|i (?:managed|was able) to\b|made (?:some )?progress|i did (?:go|try|talk|call|tell|ask|take|write)\b|slept (?:well|better|through)|i started (?:\w+ing|to))/iu,
  ),
  'expresses-hope': lexical(
    'hopes, believes or trusts that it will be better',
    /\b(?:i (?:do |really |just )?(?:hope|believe|think|know|guess|trust|am sure) (?:so|that |this |it |things |i |we |everything )*(?:can|will|'ll|is going to|gets?|could|would|may) (?:\w+ )?(?:get (?:better|through|over|past)|be (?:ok|okay|fine|better|alright|good|able)|work out|improve|pass|change|help|make it|do (?:it|this))|i hope so|hopefully|(?:it|things|everything|this) will (?:get better|be (?:ok|okay|fine|alright|better)|work out|pass|improve)|i can (?:do (?:it|this)|get through)|fingers crossed|light at the end|looking forward)/iu,
  ),
  'seeks-support': {
    cue: 'talked, talks or will talk with a named kind of person; sees a professional',
    test: ({ text }) => TALKS_TO.test(text) && !NOT_TALKED.test(text),
  },
  disagrees: {
    cue: 'rejects what was just advised or observed: "no", "I do not think so", "yes, but", "that will not work"',
    test: ({ text, before }) => {
      if (REJECTS.test(text)) return true;
      if (!before || !ADVICE_BEFORE.test(before.text)) return false;
      const asked =
        before.text.trimEnd().endsWith('?') && !/\bhave you (?:tried|considered|thought)\b/iu.test(before.text);
      if (asked) return false;
      return (
        /^(?:no|nope|nah|not really|i can't|i cannot|i couldn't|i don't think)\b/iu.test(text) || YES_BUT.test(text)
      );
    },
  },
  'asks-clarity': lexical(
    'asks what was meant',
    /\b(?:what (?:do|did|does) (?:you|u|that|this|it) (?:mean|refer)|what(?:'s| is) that (?:mean|supposed)|how do you mean|(?:i )?(?:don't|do not|didn't|cannot|can't) (?:understand|follow|get) (?:what you|your|the question|that question|you)|not sure (?:what|i understand what) you|(?:can|could) you (?:explain|clarify|elaborate|rephrase|repeat|be more specific)|what are you (?:talking|asking|saying)|i'm confused by|pardon\?|come again|like what\?|such as\?|in what (?:way|sense)\?|what question|how so\?|meaning\?)|^(?:what|huh|sorry|excuse me)\?+$/iu,
  ),
  aggressive: {
    cue: 'swears at, insults or orders off the other side',
    test: ({ text }) => AGGRESSIVE.test(text),
  },
  'loses-user': {
    cue: 'at most four words that carry nothing on, such as "ok", "I guess", "idk", "hmm", to more than a goodbye',
    test: ({ text, words, before, own }) =>
      own.length > 0 &&
      words.length <= 5 &&
      before !== null &&
      !GOODBYE.test(before.text) &&
      /^(?:ok(?:ay)?|k|hm+|mm+|um+|uh+|idk|i (?:don't|dont|do not) know|i guess(?: so)?|whatever|maybe|not sure|if you say so|sure|fine|alright|ok i guess|well|oh|oh ok|i see|dunno|eh|meh|\.+)[\s.!?]*(?:i guess|whatever|then)?[\s.!?]*$/iu.test(
        text,
      ),
  },
  'sustain-talk': lexical(
    '"no point", "cannot", "too late", "will not work", "I do not want to" about a step',
    /\b(?:(?:no|what's the|what is the|isn't any|see the) point\b|too late\b|(?:it|that|this|nothing|they|he|she) (?:won't|wouldn't|will not|would not|will never|would never|doesn't|never|isn't going to) (?:work|help|change|matter|listen|understand|do any good|make (?:a|any) difference)|i (?:just )?(?:can't|cannot|can not|couldn't|could not) (?:afford|do (?:that|it|this|anything)|bring myself|quit|leave|tell|talk to|stop|find (?:the|a|any)|get (?:out|over|myself|a job)|just)|i (?:don't|do not|dont) (?:want|wish|like) to (?:go|talk|tell|do|try|see|bother|burden|be a|leave|ask|take|speak|call)|i(?:'m| am) (?:not ready|afraid (?:to|of|that)|scared (?:to|of|that)|too (?:\w+) to)|i(?:'ve| have) (?:already )?tried (?:that|everything|it)|easier said than done|no (?:way|use)\b|not (?:possible|an option|that easy|that simple))/iu,
  ),
  'repeats-self': {
    cue: '"as I said", or six or more of its own earlier words again in a row as most of the message',
    test: ({ text, words, own }) =>
      /\b(?:(?:as|like) i (?:said|told|mentioned|stated|just said)|i(?:'ve| have)? already (?:said|told|mentioned|answered|explained)|i (?:said|told you) (?:that )?(?:already|before|earlier))\b/iu.test(
        text,
      ) ||
      (words.length >= 8 && own.some((earlier) => copiedShare(words, earlier.words, 6) > 0.5)),
  },
  'complains-help': lexical(
    '"you do not help", "you are not listening", "this is useless", "you keep asking"',
    /\b(?:you(?:'re| are)? (?:not|n't|don't|do not|aren't|didn't|did not|never)(?: really| even| being)? (?:help\w*|listen\w*|hear\w*|understand\w*|answer\w*|get it|read\w*)|(?:this|talking to you|you|none of (?:this|it))(?:'s| is|'re| are)?(?: not|n't|isn't| doesn't| aren't)(?: really)? (?:help\w*|useful)|(?:this|you)(?:'s| is|'re| are) (?:useless|pointless|a waste|no help)|waste of (?:my )?time|you keep (?:asking|saying|repeating)|are you (?:even )?(?:listening|reading)|stop (?:asking|saying|repeating)|you already (?:asked|said)|generic (?:advice|answer|response)s?)\b/iu,
  ),
  'wants-out': {
    cue: 'ends or leaves without thanks',
    test: ({ text }) =>
      /\b(?:forget it|never ?mind|i(?:'m| am) done (?:here|with this|talking)|i(?:'m| am) (?:leaving|out of here|closing)|(?:let'?s|can we|please|i want to|i'd like to) (?:end|stop|finish) (?:this|the|here|now|it)|stop (?:this|the) (?:chat|conversation)|leave me alone)\b/iu.test(
        text,
      ) ||
      (LEAVES.test(text) && !THANKS.test(text)),
  },
  'wants-human': lexical(
    'asks for a real person, or whether it is one',
    /\b(?:(?:speak|talk|chat) (?:to|with) (?:a |an )?(?:real|actual|human|live)\b|real (?:person|human)|are you (?:a )?(?:real|human|bot|robot|ai|machine|an ai|computer)\b|(?:you're|you are) (?:just )?(?:a|an) (?:bot|robot|ai|machine|computer))/iu,
  ),
  'general-distress': {
    cue: 'suffering without a named feeling',
    test: ({ text }) => DISTRESS.test(text),
  },
  'negative-affect': lexical(
    'a word for a specific negative feeling after "I am", "I feel", "makes me" and their like, not denied',
    re(
      `${FEEL}${DENIED}(?:\\w+ and )?${NEGATIVE}\\b|\\bi (?:really )?(?:hate|fear|regret|resent|worry|panic)\\b|\\b(?:my|the|this|of|with|have|having) (?:\\w+ )?(?:anxiety|depression|fear|guilt|anger|grief|sadness|panic attacks?)\\b`,
    ),
  ),
  'positive-affect': lexical(
    'a word for a specific positive feeling after "I am", "I feel" and their like, not denied',
    re(`${FEEL}${DENIED}(?:\\w+ and )?${POSITIVE}\\b`),
  ),
  'self-criticism': lexical(
    'blames or belittles themselves',
    /\b(?:(?:it(?:'s| is| was)|that(?:'s| is| was)|all) (?:all |probably |partly )?my (?:own )?fault|i blame myself|(?<!\b(?:says?|said|thinks?|told me|tells me)(?: that)? )i(?:'m| am| feel(?: like)?|was)(?: \w+){0,3} (?:a failure|failure|stupid|useless|worthless|pathetic|loser|an idiot|idiot|dumb|a burden|not (?:good|smart|strong|pretty) enough|terrible (?:person|mother|father|friend|partner)|bad (?:person|mother|father|friend|mom|dad)|a mess|ugly|weak|lazy)|i (?:ruin|mess(?:ed)?|screw(?:ed)?|fail(?:ed)?)(?: \w+)? (?:everything|up|it up|at everything)|i hate myself|i (?:should have|shouldn't have|should've) (?:known|done|been|listened|said)|what(?:'s| is) wrong with me|i let (?:\w+ )*down)/iu,
  ),
  hopelessness: lexical(
    'nothing will get better, no way out',
    /\b(?:hopeless|no hope|lost (?:all )?hope|no way out|nothing (?:will|ever|is going to|seems to|i do) (?:ever )?(?:change\w*|help\w*|get\w* better|work\w*|matter\w*)|never (?:get|be|going to get|going to be) (?:better|happy|over|the same|able)|give up\b|giving up|what's the point|what is the point|no (?:future|point)|(?:never|won't) end|no end in sight|don't see (?:a|any) (?:way|future|point)|stuck forever)/iu,
  ),
  'risk-expression': { cue: 'words of suicide, self-harm or violence', test: ({ text }) => RISK.test(text) },
  'bodily-complaint': lexical(
    'sleep, appetite, energy, pain or bodily signs of stress',
    /\b(?:(?:can't|cannot|can not|couldn't|trouble|hard to|difficulty|unable to|not|haven't been|barely|hardly|don't|lose|losing|lost) (?:\w+ ){0,2}(?:sleep\w*|eat\w*|breathe|appetite)|insomnia|nightmares?|exhaust(?:ed|ion|ing)|tired|fatigue\w*|no energy|head ?aches?|migraines?|stomach|chest (?:pain|hurts|is tight)|heart (?:races?|racing|pounds|pounding)|panic attacks?|shaking|trembling|nausea|vomit\w*|in pain|chronic pain|crying|cry(?: \w+)* (?:night|day|sleep|time)|weight|sick to|awake at|up all night|dizzy)\b/iu,
  ),
  loneliness: lexical(
    'alone, lonely, nobody',
    /\b(?:lonely|loneliness|isolated|left out|(?:feel|am|i'm|being|be|so|all|been) (?:so |all |very |really |completely |totally )?alone|(?:have|got) (?:no ?one|nobody|no friends)|(?:don't|do not|dont) have (?:any ?(?:one|body)|(?:any |many |a lot of )?friends)|there(?:'s| is| was) (?:nobody|no ?one)\b|no ?(?:one|body) (?:to (?:talk|turn|lean)|cares|understands|listens|there for)|no friends)\b/iu,
  ),
  'tells-story': {
    cue: 'at least 15 words, a first person, and a past tense or a third person',
    test: ({ words: all, text }) =>
      all.length >= 15 &&
      /\b(?:i|my|me|we|our)\b/iu.test(text) &&
      /\b(?:was|were|had|did|said|told|went|came|got|lost|left|broke|\w{3,}ed|he|she|they|him|her|them|his|boss|husband|wife|mother|father|mom|dad|friend|boyfriend|girlfriend|job|school|work)\b/iu.test(
        text,
      ),
  },
  'asks-advice': {
    cue: 'asks what to do, how, or what the other thinks of it',
    test: (message) => ADVICE.test(message.text),
  },
  'asks-about-chatbot': {
    cue: 'a question about "you" as a person: experiences, feelings, where, how are you',
    test: (message) => questionsIn(message).some((question) => ABOUT_YOU.test(question)),
  },
  'social-talk': {
    cue: 'opens with a greeting, or has a goodbye or a courtesy',
    test: ({ text }) =>
      GREETING.test(text) ||
      GOODBYE.test(text) ||
      /\b(?:you too|nice to meet|same to you|you as well|god bless|bless you|merry christmas|happy (?:new year|holidays)|how are you)\b/iu.test(
        text,
      ),
  },
};

const AGREES =
  /\b(?:(?:i|we) (?:totally |completely |fully |do |definitely |really )?agree\b|you(?:'re| are|r)(?: absolutely| so| probably| totally| definitely| quite)? right|(?:that|this|it)(?:'s| is| sounds| would be| seems| seems like| sounds like| might be)(?: like)?(?: actually| really| such)? an? (?:\w+ )?(?:good|great|excellent|wonderful|nice|fantastic|awesome) (?:idea|point|advice|suggestion|thought|plan|question|way)|good (?:idea|point|advice|suggestion|thinking)|great (?:idea|point|advice|suggestion)|that(?:'s| is)? (?:very |so |really )?true|so true|(?:makes|make) (?:a lot of |total |perfect )?sense|sounds (?:good|great|like a (?:good )?plan)|i like that(?: idea)?|i never thought of that|i think so too|exactly)\b/iu;
/** A question that is a suggestion. */
const SUGGESTS =
  /\b(?:how about|what about|why (?:don't|not)|would (?:it|that) (?:help|be)|could you|(?:maybe|perhaps) you|do you think (?:you|that|it)|what if)\b/iu;
const ASSENT =
  /^(?:yes|yeah|yea|yep|yup|ya|sure|ok(?:ay)?|right|true|absolutely|definitely|of course|exactly|indeed|i (?:can|could|will|should|think so|guess so|suppose)|that (?:could|might|would|may) (?:help|work|be)|maybe i|perhaps)\b/iu;
const BUT = /\b(?:but|however|except|although|though)\b/iu;
const YES_BUT =
  /^(?:yes|yeah|yea|ok(?:ay)?|sure|maybe|true|right|i (?:know|understand|see|agree|would|could|tried|have tried|thought)|i've tried|that(?:'s| is| sounds| would)|thanks?|thank you)\b[^.!?\n]{0,80}\b(?:but|however)\b/iu;
const THANKS =
  /\b(?:thanks?|thank ?(?:you|u)|thankyou|thx|ty|tysm|appreciate (?:it|that|you|your|this|the|all|everything)|grateful for (?:your|this|you|the)|means a lot|kind of you|you(?:'ve| have)? been (?:so |very |really |extremely |a )?(?:kind|helpful|great|wonderful|big help|great help))\b/iu;
const TALKS_TO = re(
  `\\b(?:(?:talk|talked|talking|speak|spoke|speaking|spoken|told|tell|telling|confide\\w*|opened? up|reach(?:ed|ing)? out|vent\\w*|ask(?:ed)?)(?: (?:to|with|in|it|about|this|him|her|out|more|that))* (?:my|a|an|some|our|the) (?:\\w+ ){0,2}${SUPPORT}|(?:see|seeing|saw|seen|going to|go to|went to|have|found|find|visit\\w*|call\\w*) (?:a|my|an) (?:\\w+ )?(?:therapist|counsel+or|psychologist|psychiatrist|support group)|in therapy|(?:going|go|went|started) (?:to )?therapy)`,
);
const NOT_TALKED = re(
  `\\b(?:can't|cannot|don't|do not|didn't|haven't|have not|never|not|afraid to|scared to|won't|couldn't|hard to|no) (?:\\w+ ){0,3}(?:talk|speak|tell|told|spoken|confide|open|reach|see|afford|have)`,
);
const REJECTS =
  /\b(?:i (?:don't|do not|dont) (?:think|believe) (?:so|that (?:would|will|is|works|helps)|it (?:would|will)|that's)|i disagree|i (?:don't|do not) agree|(?:that|this|it) (?:won't|wouldn't|would not|will not|doesn't|isn't going to|is not going to) (?:work|help)|not (?:a good idea|true|what i (?:mean|meant|said|asked))|that(?:'s| is|s) not (?:it|true|right|what|how|going)|you(?:'re| are) wrong|i (?:doubt|don't see how) (?:it|that)|i(?:'m| am) not sure (?:that|it|if that|if it|about that|how that|i can) ?(?:will|would|works|helps)?)\b/iu;
const AGGRESSIVE =
  /\b(?:(?:fuck|screw|damn|f\*+k) (?:you|off|u)|shut up|you(?:'re| are|r)? (?:so |such |just |a |an |being |fucking |really )*(?:stupid|useless|idiot|dumb|moron|joke|rude|worst|terrible|awful|ridiculous|annoying|pathetic|liar|jerk)|you suck|go away|what(?:'s| is) wrong with you|how dare you|stupid (?:bot|chatbot|machine|question)|get lost|wtf|you people)\b/iu;
const LEAVES =
  /\b(?:i (?:have to|need to|gotta|got to|must|should|better|am going to|'m going to) (?:go|leave)(?: now)?(?:[.!,\n]|$)|(?:gotta|got to) go)/iu;
const DISTRESS =
  /\b(?:(?:i(?:'m| am|'ve been| have been)|im|feel(?:ing)?) (?:\w+ ){0,3}(?:struggling|down|overwhelmed|lost|broken|empty|numb|a mess|stressed|stuck|terrible|awful|horrible|bad|upset|not (?:ok|okay|well|good|fine|great|doing (?:well|good|great|so good|too good|so well))|low|drained|burn(?:ed|t) out|depressed|under pressure|in a dark place|going through|suffering|falling apart|having (?:a )?(?:hard|tough|rough|difficult|bad))|(?:hard|rough|tough|bad|difficult|horrible|terrible) (?:time|day|week|month|year|place|few)|(?:can't|cannot|don't know how to) (?:cope|take (?:it|this)|handle|deal|go on|do this any)|too much (?:for me|to handle|right now|lately)|don't know (?:who i am|what to do (?:anymore|any more|with my(?:self| life)))|so (?:hard|difficult|stressful|much stress|much pressure)|(?:it|this)(?:'s| is| has been) (?:\w+ )?(?:hard|tough|difficult|stressful)|not (?:so |too |very |doing )?(?:good|great|well)[.!,]|stress(?:ed|ful)?\b)/iu;
const ADVICE =
  /\b(?:what (?:should|can|could|would|do|else can|else should|am) (?:i|you (?:suggest|recommend|advise|think|do if))|how (?:do|can|could|should|would|to) (?:i|you (?:suggest|deal|cope|handle|recommend)|deal|cope|get|make|stop|tell|handle|approach)|should i\b|do you (?:have|know|think|suggest|recommend)(?: of)?(?: \w+)? (?:any|some|suggestions?|advice|ideas?|tips|i|it|that|this|he|she|they|there|we)|any (?:other )?(?:suggestions?|advice|ideas?|tips|thoughts|recommendations?)|what do you (?:think|suggest|recommend)|(?:need|want|like|looking for|give me|have) (?:some |your |any |an? )?(?:advice|suggestions?|guidance|opinion|tips)|(?:(?:don't|dont|do not) know|no idea) (?:what|how) (?:to|i should)|not sure (?:what|how) (?:to|i should)|what (?:is|are|would be) (?:the|your|a|some) (?:best|good)? ?(?:way|advice|suggestion|thing|opinion)|can you (?:help|suggest|recommend|give|tell me (?:how|what))|would you (?:suggest|recommend|advise)|is (?:it|that|there) (?:ok|okay|wrong|normal|bad|a way|anything|a good idea)|what would you do|how would you|which (?:one|way))\b/iu;
const ABOUT_YOU =
  /\b(?:how (?:are|r) (?:you|u)|how(?:'s| is| was) your (?:day|night|evening|week|life|morning)|(?:have|did|do|are|were|has) (?:you|u|your) (?:ever|also|been|had|have|feel|experienced?|go(?:ne)? through|married|live|work|like|a (?:therapist|counsell?or|professional|student|man|woman|parent|bot)|single|from|alone|male|female|religious)|and (?:you|yourself)\?|what about (?:you|yourself)|how about (?:you|yourself)|where (?:are|do) you|who are you|what(?:'s| is) your (?:name|job|age)|how old are you|you\?$)/iu;
