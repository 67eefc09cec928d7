import { graphemes } from '../../core/text/wrap.ts';

/**
 * One key. `chord` is how the key table writes it: modifiers in the order ctrl, alt, shift, then the key (`ctrl+p`,
 * `alt+enter`, `shift+tab`, `f2`, `a`, `N`, `space`). `text` is what it types, '' if nothing.
 */
export interface KeyPress {
  readonly chord: string;
  readonly text: string;
}

const CSI_LETTERS: Record<string, string> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  F: 'end',
  H: 'home',
  P: 'f1',
  Q: 'f2',
  R: 'f3',
  S: 'f4',
  M: 'enter',
};

const CSI_NUMBERS: Record<string, string> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
  11: 'f1',
  12: 'f2',
  13: 'f3',
  14: 'f4',
  15: 'f5',
  17: 'f6',
  18: 'f7',
  19: 'f8',
  20: 'f9',
  21: 'f10',
  23: 'f11',
  24: 'f12',
};

/** Keys that the kitty protocol and xterm's modifyOtherKeys name by code point. */
const CODE_POINTS: Record<number, string> = {
  8: 'backspace',
  9: 'tab',
  13: 'enter',
  27: 'esc',
  32: 'space',
  127: 'backspace',
  57414: 'enter',
  57417: 'left',
  57418: 'right',
  57419: 'up',
  57420: 'down',
  57421: 'pageup',
  57422: 'pagedown',
  57423: 'home',
  57424: 'end',
  57426: 'delete',
};

/** ESC [ parameters final, or ESC [ [ letter of the Linux console. */
const CSI = /\x1b\[(?:\[([A-E])|([\d;:]*)([~^$@A-Za-z]))/y;
const SS3 = /\x1bO(?:\d;(\d))?([A-Za-z])/y;

/**
 * Splits what a terminal sent into keys. Ink hands over chunks, not keys: `jj` comes as one, and so does `y` Enter.
 * Knows xterm, VT220, rxvt and Linux console sequences, kitty's CSI u and modifyOtherKeys. Sequences that are no key
 * (replies, focus, key releases) give nothing.
 */
export function decode(input: string): KeyPress[] {
  const keys: KeyPress[] = [];
  let at = 0;
  while (at < input.length) {
    const code = input.charCodeAt(at);
    if (code === 0x1b) {
      at += decodeEscape(input, at, keys);
    } else if (code < 0x20 || code === 0x7f) {
      keys.push(control(code));
      at += 1;
    } else {
      let end = at;
      while (end < input.length && input.charCodeAt(end) >= 0x20 && input.charCodeAt(end) !== 0x7f) end += 1;
      for (const text of graphemes(input.slice(at, end))) keys.push({ chord: text === ' ' ? 'space' : text, text });
      at = end;
    }
  }
  return keys;
}

function decodeEscape(input: string, at: number, keys: KeyPress[]): number {
  // ESC ESC [ A is how some terminals send Alt with an arrow.
  const doubled = input.startsWith('\x1b\x1b[', at) || input.startsWith('\x1b\x1bO', at);
  const from = doubled ? at + 1 : at;
  const alt = doubled ? 2 : 0;
  CSI.lastIndex = from;
  const csi = CSI.exec(input);
  if (csi) {
    const key =
      csi[1] === undefined ? fromCsi(csi[2] ?? '', csi[3] ?? '', alt) : named(`f${'ABCDE'.indexOf(csi[1]) + 1}`, alt);
    if (key) keys.push(key);
    return csi[0].length + from - at;
  }
  SS3.lastIndex = from;
  const ss3 = SS3.exec(input);
  if (ss3) {
    const name = CSI_LETTERS[(ss3[2] ?? '').toUpperCase()];
    const lower = /[a-e]/.test(ss3[2] ?? '') ? 4 : 0;
    if (name) keys.push(named(name, alt | lower | (Number(ss3[1] ?? 1) - 1)));
    return ss3[0].length + from - at;
  }
  const next = input.codePointAt(at + 1);
  if (next === undefined || next === 0x1b) {
    keys.push(named('esc', 0));
    return 1;
  }
  const character = String.fromCodePoint(next);
  const plain = next < 0x20 || next === 0x7f ? control(next).chord : next === 0x20 ? 'space' : character;
  keys.push({ chord: plain.startsWith('ctrl+') ? plain.replace('ctrl+', 'ctrl+alt+') : `alt+${plain}`, text: '' });
  return 1 + character.length;
}

function fromCsi(parameters: string, final: string, alt: number): KeyPress | null {
  const fields = parameters.split(';').map((field) => field.split(':'));
  const number = fields[0]?.[0] ?? '';
  const modifiers = Math.max(0, Number(fields[1]?.[0] || 1) - 1) | alt;
  // Key releases, and keys with Super, Hyper or Meta, which belong to the desktop.
  if (fields[1]?.[1] === '3' || modifiers & 0x38) return null;
  if (final === 'u') return fromCodePoint(Number(number), modifiers, fields[2]);
  if (final === '~' && number === '27') return fromCodePoint(Number(fields[2]?.[0] ?? 0), modifiers, undefined);
  if (final === 'Z') return named('tab', modifiers | 1);
  // rxvt marks Shift and Ctrl by the final byte.
  const rxvt = final === '$' ? 1 : final === '^' ? 4 : final === '@' ? 5 : 0;
  if (final === '~' || rxvt > 0) {
    const name = CSI_NUMBERS[number];
    return name ? named(name, modifiers | rxvt) : null;
  }
  const shifted = /[a-d]/.test(final) ? 1 : 0;
  const name = CSI_LETTERS[final.toUpperCase()];
  // ESC [ M begins a mouse report and ESC [ 12;40R answers a cursor request; neither is a key.
  if (!name || final === 'M' || (final === 'R' && number !== '1' && number !== '')) return null;
  return named(name, modifiers | shifted);
}

function fromCodePoint(code: number, modifiers: number, text: readonly string[] | undefined): KeyPress | null {
  const name = CODE_POINTS[code];
  if (name === 'space' && (modifiers & 6) === 0) return { chord: 'space', text: ' ' };
  if (name) return named(name, modifiers);
  if (!(code > 32 && code <= 0x10ffff) || (code >= 57344 && code <= 63743) || (code >= 0xd800 && code < 0xe000))
    return null;
  const typed = text?.length ? String.fromCodePoint(...text.map(Number)) : String.fromCodePoint(code);
  if ((modifiers & 6) === 0) {
    const character = modifiers & 1 && !text?.length ? typed.toUpperCase() : typed;
    return { chord: character, text: character };
  }
  return named(String.fromCodePoint(code).toLowerCase(), modifiers);
}

/** `modifiers` as kitty and xterm count them, less one: 1 shift, 2 alt, 4 ctrl. */
function named(name: string, modifiers: number): KeyPress {
  const prefix = `${modifiers & 4 ? 'ctrl+' : ''}${modifiers & 2 ? 'alt+' : ''}${modifiers & 1 ? 'shift+' : ''}`;
  return { chord: prefix + name, text: '' };
}

function control(code: number): KeyPress {
  if (code === 0x0d) return named('enter', 0);
  if (code === 0x09) return named('tab', 0);
  if (code === 0x7f || code === 0x08) return named('backspace', 0);
  if (code === 0) return named('space', 4);
  return named(String.fromCharCode(code < 27 ? code + 96 : code + 64).toLowerCase(), 4);
}
