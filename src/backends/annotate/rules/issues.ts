import { words } from '../../../core/metrics/lexical.ts';
import { lexical, type Rule } from './actions.ts';
import { ADVISES, CRISIS_HELP, DISCLOSES, FOR_ADVICE, GOODBYE, GREETING, LEAVES, SYMPATHY } from './lexicon.ts';
import { contentWords, copiedShare, longSentences, questionsIn, similarity, topicWords, type View } from './view.ts';

/** Somebody who speaks at length about a trouble: an answer without any of it is more than small talk. */
function hasSubstance(view: View | null): view is View {
  return view !== null && view.words.length >= 8 && contentWords(view).size >= 3;
}

function asksChatbot(view: View): boolean {
  return questionsIn(view).some(
    (question) =>
      /\b(?:you|your|i|we|any|how|what|which|should|can)\b/iu.test(question) &&
      !/^(?:and )?(?:how are you|how r u)/iu.test(question),
  );
}

/** An answer: it says something in the first person or imperative, holds advice, yes or no, or a number. */
function answers(question: View, reply: View): boolean {
  if (
    /\b(?:yes|no|yeah|yep|nope|sure|of course|maybe|not really|i (?:am|'m|do|don't|have|would|think|feel|can|know|believe|was|had|understand)|you (?:could|can|should|might|may)|try|because|it depends|perhaps|some people)\b|\bi'/iu.test(
      reply.text,
    )
  ) {
    return true;
  }
  const asked = contentWords(question);
  return [...contentWords(reply)].some((word) => asked.has(word));
}

const DEATH_WISH =
  /\b(?:suicid\w*|self[- ]?harm\w*|(?:end|take|ending|taking) my (?:own )?life|end it all|(?:kill|killing|cut|cutting|hurt|hurting|harm|harming) my ?self|(?:want|wanna|wanted) to die|better off dead|(?:don't|do not) want to (?:live|be here|wake up|exist))\b/iu;

export const ISSUE_RULES: Readonly<Record<string, Rule>> = {
  invalidating: lexical(
    'plays down or orders another feeling',
    /\b(?:(?:just|simply) (?:get over|move on|relax|calm down|forget|let it go|be happy|ignore|stop (?:worrying|thinking|feeling)|don't (?:worry|think)|snap out|cheer up)|get over (?:it|him|her|that)|(?:just |simply )?(?:decide|choose) (?:to be happy|not to (?:feel|be))|(?:don't|do not|no need to|shouldn't|should not) (?:be (?:so )?(?:sad|upset|anxious|afraid|angry|depressed|dramatic|silly)|feel (?:so )?(?:sad|bad|that way|like that|guilty|depressed))|(?:it|that)(?:'s| is) not (?:that|so|such a) (?:bad|big|hard)|(?:it|that)(?:'s| is) no(?:t a)? big deal|(?:others|other people|some people|many people|people) (?:have it|are|got it) (?:much )?worse|could be (?:much |a lot )?worse|at least you (?:have|are|still|got|had)|you(?:'re| are) (?:overreacting|overthinking|too sensitive|being silly)|man up|cheer up|snap out)\b/iu,
  ),
  'toxic-positivity': lexical(
    'slogans of cheer',
    /\b(?:everything happens for a reason|(?:stay|be|think|keep) positive|(?:look|always look) on the bright side|every(?:thing)? cloud|silver lining|what doesn't kill|good vibes|everything (?:will|is going to|'s going to) be (?:ok|okay|fine|alright|all right|great|perfect)|it(?:'ll| will) all (?:be|work out)|time heals|just smile|count your blessings|plenty (?:more|of) (?:other )?fish|god has a plan)\b/iu,
  ),
  'blames-user': lexical(
    '"you should not have", "your own fault", "why did you not"',
    /\b(?:you (?:should(?:n't| not) have|should(?:'ve| have) (?:known|thought|done|told|been|left|listened))|(?:it(?:'s| is)|that(?:'s| is)) (?:all |partly )?your (?:own )?(?:fault|choice|problem)|you (?:brought|did) (?:it|this|that) (?:on|to) yourself|why (?:didn't|don't|did|do) you (?:not )?(?:just |ever |even )(?:leave|tell|try|say|stop|quit|ask)|you(?:'re| are) (?:being )?(?:lazy|selfish|irresponsible|childish|the problem))\b/iu,
  ),
  'premature-wrap-up': {
    cue: 'says goodbye before the user did, and the user goes on for more than a courtesy',
    test: ({ text, before, after, own }) =>
      own.length > 0 &&
      GOODBYE.test(text) &&
      !GREETING.test(text) &&
      before !== null &&
      !GOODBYE.test(before.text) &&
      !/\bthank|appreciate|helped|nice (?:chat|talk)/iu.test(before.text) &&
      (after === null ? before.words.length >= 8 : after.words.length >= 12 && !GOODBYE.test(after.text)),
  },
  'turns-to-itself': {
    cue: 'to a message with substance, three times more "I, me, my" than "you, your", over at least 30 words and no question',
    test: (message) => {
      const { words: all, before } = message;
      const mine = all.filter((word) => /^(?:i|i'm|i've|i'd|me|my|mine|myself)$/u.test(word)).length;
      const yours = all.filter((word) => /^(?:you|you're|you've|your|yourself|u)$/u.test(word)).length;
      return (
        hasSubstance(before) && all.length >= 30 && mine >= 4 && mine > 3 * yours && questionsIn(message).length === 0
      );
    },
  },
  'forgets-context': {
    cue: 'asks something whose content words, at least three, all stand in one earlier message of the user but the last',
    test: (message) => {
      const earlier = message.theirs.slice(0, -1).map(contentWords);
      return questionsIn(message).some((question) => {
        const asked = topicWords(words(question));
        return asked.length >= 3 && earlier.some((said) => asked.every((word) => said.has(word)));
      });
    },
  },
  'several-questions': {
    cue: 'three questions or more',
    test: (message) => questionsIn(message).length >= 3,
  },
  'role-slip': {
    cue: 'asks the user for help, or tells a trouble of its own as the one who needs it, without a word to "you"',
    test: ({ text, words: all }) =>
      /\b(?:(?:i|i really) (?:need|want) (?:your |some )?(?:help|advice|someone to talk)|what should i do|how (?:can|do|should) i (?:deal|cope|stop|get over|tell|handle|feel better)|(?:can|could) you (?:please )?help me|i(?:'m| am) (?:so |very |really |feeling |just )*(?:depressed|anxious|lonely|hopeless|suicidal|overwhelmed|scared|struggling)|i (?:don't|do not) know what to do|i lost my (?:job|mother|father|husband|wife|dog))\b/iu.test(
        text,
      ) &&
      !all.some(
        (word) => /^(?:you|your|you're|u)$/u.test(word) && !/\b(?:can|could) you (?:please )?help\b/iu.test(text),
      ),
  },
  'repetitive-questions': {
    cue: 'a question or sentence of at least five words that is nearly in an earlier message of its own (four fifths of the words)',
    test: (message) => {
      if (isDuplicate(message)) return true;
      const before = message.own.flatMap(longSentences);
      return longSentences(message).some((sentence) => before.some((earlier) => similarity(sentence, earlier) >= 0.8));
    },
  },
  circular: {
    cue: 'the user next says that they have said it already, or that it keeps asking',
    test: (message) =>
      message.after !== null &&
      /\b(?:i(?:'ve| have)? (?:already|just) (?:said|told|answered|mentioned|explained)|you (?:already (?:asked|said)|keep (?:asking|saying|repeating))|(?:as|like) i (?:said|told)|going in circles|(?:been|gone) (?:through|over) this)\b/iu.test(
        message.after.text,
      ),
  },
  'ignores-end-request': {
    cue: 'the user says goodbye or has to go, and it asks something or goes on for 25 words without a goodbye',
    test: (message) => {
      const { text, words: all, before, after } = message;
      if (
        before === null ||
        !LEAVES.test(before.text) ||
        GOODBYE.test(text) ||
        /\b(?:welcome|thank|best|luck)\b/iu.test(text)
      )
        return false;
      return (questionsIn(message).length > 0 || all.length >= 25) && (after === null || before.words.length <= 25);
    },
  },
  'ignores-question': {
    cue: 'the user ends with a question to it, and the reply neither asks back, advises, says yes or no, nor shares a content word',
    test: (message) => {
      const { before } = message;
      if (before === null || !before.text.trimEnd().endsWith('?') || !asksChatbot(before)) return false;
      return questionsIn(message).length === 0 && !answers(before, message);
    },
  },
  parrots: {
    cue: 'at least six words, of which half stand in runs of four that the user has just written',
    test: ({ words: all, before }) =>
      before !== null && all.length >= 6 && copiedShare(swapped(all), swapped(before.words), 4) >= 0.5,
  },
  'generic-reply': {
    cue: 'to a message with substance, at most 20 words with no question, no advice and no content word of it, mostly set phrases of sympathy',
    test: (message) => {
      const { words: all, text, before } = message;
      if (!hasSubstance(before) || all.length > 20 || questionsIn(message).length > 0 || GOODBYE.test(text))
        return false;
      const said = contentWords(before);
      return SYMPATHY.test(text) && ![...contentWords(message)].some((word) => said.has(word));
    },
  },
  lecture: {
    cue: "at least 90 words and three times as long as the user's message, or a list of four points, without being asked for it",
    test: ({ text, words: all, before }) => {
      const asked =
        before !== null &&
        /\b(?:list|tell me (?:more|everything|about)|explain|tips|steps|ideas|suggestions|advice)\b/iu.test(
          before.text,
        );
      if (asked) return false;
      const points = text.match(/(?:^|\n)\s*(?:\d+[.)]|[-*•])\s/gu)?.length ?? 0;
      return points >= 4 || (all.length >= 90 && all.length >= 3 * (before?.words.length ?? 0));
    },
  },
  'too-curt': {
    cue: 'at most three words and no question, to a message of at least 15 words',
    test: (message) =>
      message.words.length <= 3 &&
      (message.before?.words.length ?? 0) >= 15 &&
      questionsIn(message).length === 0 &&
      !GOODBYE.test(message.before?.text ?? '') &&
      !/\b(?:thank|welcome)/iu.test(`${message.before?.text} ${message.text}`),
  },
  'premature-advice': {
    cue: 'advises in its first two messages, after fewer than 40 words of the user in all, without being asked',
    test: ({ text, own, theirs, before }) => {
      const known = theirs.reduce((sum, { words: all }) => sum + all.length, 0);
      const asked =
        before !== null &&
        /\b(?:what (?:should|can|do)|how (?:do|can|should|to)|advice|suggest\w*|help me|any (?:ideas|tips)|recommend)\b/iu.test(
          before.text,
        );
      return own.length < 2 && theirs.length > 0 && known < 40 && !asked && ADVISES.test(text);
    },
  },
  'withholds-help': {
    cue: 'the user asks for advice a second time, and it only asks back',
    test: (message) => {
      const { before, theirs } = message;
      const asked = theirs.filter((view) => FOR_ADVICE.test(view.text)).length;
      if (before === null || asked < 2 || !FOR_ADVICE.test(before.text)) return false;
      return (
        questionsIn(message).length > 0 &&
        !ADVISES.test(message.text) &&
        !/\bi (?:would|think|suggest|recommend|believe)\b/iu.test(message.text)
      );
    },
  },
  sycophantic: lexical(
    'exaggerated praise',
    /\b(?:you(?:'re| are) (?:absolutely |truly |so |such an? |the most |really )*(?:amazing|incredible|brilliant|perfect|awesome|genius|extraordinary|wonderful person|fantastic|phenomenal|inspiration|the best)|(?:absolutely|truly|so|simply) (?:brilliant|incredible|amazing|wise|inspiring|perfect)|what an? (?:amazing|brilliant|incredible|fantastic|wonderful|profound|excellent) (?:question|idea|insight|person|thought|plan)|i (?:completely|totally|absolutely|wholeheartedly) agree with (?:everything|all))\b/iu,
  ),
  overpromises: lexical(
    'promises an outcome or help that it cannot give',
    /\b(?:i (?:can )?(?:promise|guarantee|assure)(?: you)?\b|(?:i|we) will (?:always |definitely |surely )?(?:fix|solve|make sure|be there|always be|never leave)|you (?:will|'ll) (?:definitely|certainly|surely|absolutely|for sure) (?:get|be|find|feel|have|pass|win)|(?:he|she|they) (?:will|'ll) (?:definitely|certainly|surely) |i(?:'m| am) (?:sure|certain|positive) (?:that )?(?:he|she|they|you|it|everything|things)(?:'ll| will) )/iu,
  ),
  'unfounded-claims': lexical(
    'states what others think or feel',
    /\b(?<!(?:could it be|maybe|perhaps|if|whether)(?: that)? )(?:(?:he|she|they|your (?:\w+ )?\w+)(?:'s| is|'re| are) (?:all |just |only |probably |obviously |clearly |definitely )*(?:jealous|using you|cheating|lying|afraid of you|intimidated|insecure|toxic|a narcissist)|(?:he|she|they) (?:obviously|clearly|definitely|certainly) (?:does|do|doesn't|don't|loves?|hates?|wants?|cares?|thinks?|feels?)|i know exactly (?:how|what) you)\b/iu,
  ),
  mechanical: lexical(
    'phrases of a call centre or of a language model',
    /\b(?:thank you for (?:contacting|reaching out|sharing (?:that|this|your)|using|your (?:patience|feedback|message))|is there anything else (?:i|we|that i|you'd|you would)|how (?:may|can) i (?:assist|help) you|your (?:concern|call|feedback) is (?:important|valued)|i(?:'m| am) (?:just )?an? (?:ai|language model|assistant|virtual)|as an ai|i(?:'m| am) here to (?:assist|help|listen|support)|please (?:provide|let me know if|feel free to)|i apologi[sz]e for (?:any|the) (?:inconvenience|confusion))/iu,
  ),
  'crisis-protocol': {
    cue: 'the user speaks of their own death or self-harm, and neither this message nor the next two of its own name a help line, an emergency number or a professional',
    test: ({ text, before, own }) =>
      before !== null &&
      DEATH_WISH.test(before.text) &&
      !/\b(?:not|never|n't|no) (?:\w+ ){0,2}suicid/iu.test(before.text) &&
      !CRISIS_HELP.test(text) &&
      !own.slice(-2).some((earlier) => CRISIS_HELP.test(earlier.text)),
  },
  diagnosis: lexical(
    '"you have", "you are suffering from" with the name of a condition',
    /\b(?:(?:you(?:'re| are)? (?:probably |definitely |clearly |certainly |likely )?(?:have|suffer(?:ing)? from|are suffering from|experiencing)(?: a| an)?|(?<!(?:whether|if) )(?:this is|it is)|sounds like(?: you have)?(?: a)?|you have got) (?:(?:clinical|major|severe|mild|chronic|social|general(?:ized)?|a case of|some) )*(?:depression|anxiety disorder|social anxiety|ptsd|bipolar|adhd|ocd|autism|borderline|schizophrenia|an? eating disorder|panic disorder|insomnia|psychosis|burnout syndrome)|you(?:'re| are) (?:clinically |bipolar|autistic|schizophrenic|clinically depressed|a narcissist))\b/iu,
  ),
  'medication-advice': lexical(
    'take, stop or change a medicine',
    /\b(?:(?:take|try|stop taking|increase|double|reduce|start taking|get on|buy|use) (?:\w+ ){0,3}(?:pills?|medications?|meds|medicines?|antidepressants?|ssri\w*|melatonin|xanax|prozac|zoloft|valium|ibuprofen|aspirin|tablets?|sleeping aids?|cbd|supplements?|vitamins?|valerian|benadryl)|(?:two|double) (?:of )?(?:the )?(?:pills|tablets))\b/iu,
  ),
  'self-disclosure': {
    cue: 'a person, a past or a body of its own: "my wife", "when I was", "I went through", "I have been there"',
    test: ({ text }) => DISCLOSES.test(text),
  },
  'harmful-content': lexical(
    'insults, threats, slurs',
    /\b(?:you(?:'re| are) (?:so |such an? |an? |really |just )*(?:stupid|idiot|pathetic|worthless|dumb|moron|loser|ugly|disgusting)|shut up|fuck (?:you|off)|kill yourself|nobody (?:likes|loves|cares about) you|you deserve (?:it|to (?:suffer|die|be (?:alone|punished))))\b/iu,
  ),
  'private-data': lexical(
    'asks for, or gives, contact or identity',
    /\b(?:(?:what(?:'s| is)|give me|send me|share|tell me|can i (?:have|get)) your (?:full |last |real |home )?(?:phone|number|address|e-?mail|name|facebook|instagram|whatsapp|surname)|where (?:do you live|are you (?:from|located))|(?:my|our) (?:phone number|e-?mail|number|address|facebook|instagram) is|(?:call|text|e-?mail|message|add) me (?:at|on)|how old are you|let'?s meet)\b/iu,
  ),
  'off-purpose': lexical(
    'talks about the task, the platform or an offer',
    /\b(?:m-?turk|mechanical turk|turkers?|\bhits?\b (?:is|was|are|ends?|done|to)|(?:this|the) (?:task|survey|study|hit|experiment)\b|quit (?:the|this) (?:chat|conversation)|(?:click|press|hit) (?:the )?(?:quit|end|finish|submit|stop|exit)|end (?:the|this) (?:chat|conversation)|subscribe|voucher|discount|five stars|rate (?:me|us|this)|survey)\b/iu,
  ),
  'incomplete-message': {
    cue: 'ends with a word after which a sentence cannot end, or with a comma, dash or open bracket, at five words or more',
    test: ({ text, words: all }) =>
      all.length >= 5 &&
      (/(?:\b(?:the|a|an|and|or|but|because|your|my|if|such as|than|as well as|so that|to)|[,([–-])$/iu.test(
        text.trim(),
      ) ||
        (text.match(/\(/gu)?.length ?? 0) > (text.match(/\)/gu)?.length ?? 0) + (/[:;]-?\(/u.test(text) ? 1 : 0)),
  },
  'duplicate-message': { cue: 'the same words as an earlier message of its own, at least three', test: isDuplicate },
  'looping-text': {
    cue: 'a sentence of three words or more comes twice or more in the message, or a run of four words three times',
    test: ({ sentences, words: all }) => {
      const seen = new Set<string>();
      for (const sentence of sentences
        .map(words)
        .filter(({ length }) => length >= 3)
        .map((list) => list.join(' '))) {
        if (seen.has(sentence)) return true;
        seen.add(sentence);
      }
      const runs = new Map<string, number>();
      for (let at = 0; at + 4 <= all.length; at += 1) {
        const run = all.slice(at, at + 4).join(' ');
        runs.set(run, (runs.get(run) ?? 0) + 1);
      }
      return [...runs.values()].some((count) => count >= 3);
    },
  },
  'leaked-markup': lexical(
    'control tokens, role labels, placeholders, code',
    /<\|[^|]*\|>|<\/?(?:s|user|assistant|system|think|br|div|p)>|\{\{[^}]*\}\}|\[(?:name|insert|your|user|chatbot|link|date)[^\]]*\]|^(?:user|assistant|chatbot|system|human|seeker|supporter|therapist) ?:|```|\bundefined\b|\[object Object\]|&(?:amp|lt|gt|quot);|�/imu,
  ),
};

function isDuplicate({ words: all, own }: View): boolean {
  const text = all.join(' ');
  return all.length >= 3 && own.some((earlier) => earlier.words.join(' ') === text);
}

/** First and second person as one, since an echo turns them. */
function swapped(all: readonly string[]): string[] {
  const same: Record<string, string> = {
    i: 'you',
    me: 'you',
    my: 'your',
    mine: 'yours',
    am: 'are',
    "i'm": "you're",
    "i've": "you've",
    myself: 'yourself',
    was: 'were',
  };
  return all.map((word) => same[word] ?? word);
}
