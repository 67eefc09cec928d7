import { type DefaultTreeAdapterTypes, parse } from 'parse5';
import { describe, expect, it } from 'vitest';
import { renderReport } from '../../src/backends/evaluate/report.ts';
import { figures, view } from './exhibits.ts';

type Node = DefaultTreeAdapterTypes.ChildNode;
type Element = DefaultTreeAdapterTypes.Element;

const isElement = (node: Node): node is Element => 'tagName' in node;

function elements(node: { readonly childNodes: readonly Node[] }): Element[] {
  return node.childNodes.filter(isElement).flatMap((child) => [child, ...elements(child)]);
}

const attribute = ({ attrs }: Element, name: string) => attrs.find((attr) => attr.name === name)?.value ?? null;

function textOf(node: Node): string {
  if ('value' in node && typeof node.value === 'string') return node.value;
  return 'childNodes' in node ? node.childNodes.map(textOf).join('') : '';
}

// read as a browser reads it, by the algorithm of the HTML standard
const source = await renderReport(view());
const all = elements(parse(source));
const named = (tag: string) => all.filter(({ tagName }) => tagName === tag);

describe('the report, as a browser parses it', () => {
  it('holds nothing that runs, loads, or leads elsewhere, whatever a session said', () => {
    const tags = new Set(all.map(({ tagName }) => tagName));
    for (const tag of [
      'script',
      'img',
      'iframe',
      'object',
      'embed',
      'link',
      'base',
      'form',
      'image',
      'use',
      'foreignObject',
    ])
      expect(tags, tag).not.toContain(tag);
    const attributes = all.flatMap(({ attrs }) => attrs.map(({ name }) => name));
    expect(attributes.filter((name) => name.startsWith('on') || name === 'src' || name === 'style')).toEqual([]);
    const links = all.flatMap((element) => attribute(element, 'href') ?? attribute(element, 'xlink:href') ?? []);
    expect(links.filter((link) => !link.startsWith('#'))).toEqual([]);
    expect(source).not.toMatch(/url\(|@import|https?:\/\/(?!www\.w3\.org\/)/u);
    const policy = named('meta').find((meta) => attribute(meta, 'http-equiv') === 'Content-Security-Policy');
    expect(attribute(policy as Element, 'content')).toMatch(/^default-src 'none'; style-src 'unsafe-inline'/u);
  });

  it('shows what was said as text, with what acts on a terminal or reorders lines made visible', () => {
    expect(source).not.toMatch(/[\u001b\u202a-\u202e\u2066-\u2069]/u);
    const cell = named('td').find((td) => textOf(td).includes('globalThis.pwned'));
    expect(textOf(cell as Element)).toContain('<script>globalThis.pwned = 1</script>');
    expect(textOf(cell as Element)).toContain('␛[31m⟨202E⟩gnihton');
  });

  it('labels words of simulated sessions, and of real ones', () => {
    const said = named('td')
      .filter((td) => attribute(td, 'class') === 'quote')
      .map(textOf);
    expect(said[0]).toMatch(/^“.*” \(simulated\)$/u);
    expect(said[1]).toBe('“a real line” (real)');
  });

  it("sets the paper's numbers in a column of their own, and each figure with its interval and n", () => {
    const table = named('article').find((article) => attribute(article, 'id') === 'features');
    const rows = elements(table as Element).filter(({ tagName }) => tagName === 'tr');
    const cells = rows.map((tr) => elements(tr).filter(({ tagName }) => tagName === 'td' || tagName === 'th'));
    expect(cells[0]?.map(textOf)).toEqual(['', 'sessions', 'TTR, n 40', 'paper', 'rate', 'p']);
    expect(cells[1]?.map(textOf)).toEqual([
      'real',
      '40',
      '0.585[0.526, 0.643]',
      '0.483',
      '12.3%[11.1, 13.5] n 40',
      '–',
    ]);
    expect(cells[2]?.map(textOf)).toEqual(
      ['sim-it0', '40', '0.574[0.517, 0.631]', '', '– n 0', '<0.0001'].map((text) => text.replace('– n 0', '–n 0')),
    );
    expect(cells.map((row) => attribute(row[3] as Element, 'class'))).toEqual(['num paper', 'num paper', 'num paper']);
  });

  it('draws every figure twice, for a phone and for all else, in the colours of the page', () => {
    const plots = named('div').filter((div) => attribute(div, 'class')?.startsWith('plot '));
    expect(plots).toHaveLength(2 * figures.length);
    for (const plot of plots) {
      const [svg, ...others] = elements(plot).filter(({ tagName }) => tagName === 'svg');
      expect(others).toEqual([]);
      const narrow = attribute(plot, 'class') === 'plot narrow';
      expect(Number(attribute(svg as Element, 'width'))).toBeLessThanOrEqual(narrow ? 343 : 830);
      const inks = elements(svg as Element)
        .filter(({ tagName }) => tagName === 'text')
        .map((text) => attribute(text, 'fill'));
      expect(new Set(inks)).toEqual(inks.length > 0 ? new Set(['currentColor']) : new Set());
    }
  });

  it('gives every series a mark of its own, and folds notes that stand above', async () => {
    const series = Array.from({ length: 12 }, (_, at) => ({
      name: `s${at}`,
      points: figures[0]?.series[0]?.points ?? [],
    }));
    const note = 'The same for both.';
    const twelve = { ...(figures[2] as (typeof figures)[0]), series, notes: [note] };
    const page = await renderReport(
      view([
        { ...twelve, id: 'a' },
        { ...twelve, id: 'b' },
      ]),
    );
    const [plot] = elements(parse(page)).filter((div) => attribute(div, 'class') === 'plot wide');
    const marks = elements(plot as Element).filter((path) => attribute(path, 'aria-roledescription') === 'point');
    expect(marks.length).toBe(12 * 4);
    const looks = marks.map((path) => `${attribute(path, 'fill')} ${attribute(path, 'd')}`);
    expect(new Set(looks).size).toBe(12);
    expect(
      marks.every((path) => /[1-9]/u.test(attribute(path, 'd') ?? '') && attribute(path, 'fill') !== 'transparent'),
    ).toBe(true);
    const folded = elements(parse(page))
      .filter(({ tagName }) => tagName === 'details')
      .map(textOf);
    expect(folded[0]).toBe(`and, as above, a note${note}`);
    expect(page.split(note)).toHaveLength(3);
  });

  it('says what is missing in its place, and what made the rest', () => {
    const text = textOf(named('main')[0] as Element);
    expect(text).toMatch(/Not computed: there is nothing/u);
    expect(text).toMatch(/Not computed yet/u);
    for (const part of ['foil eval --name it0', 'ab'.repeat(32), 'Seed 1', '2000 bootstrap samples', 'Foil 0.1.0'])
      expect(text).toContain(part);
  });

  it('has one element of each id, and contents that lead to them', () => {
    const ids = all
      .flatMap((element) => attribute(element, 'id') ?? [])
      .filter((id) => !id.startsWith('clip') && !id.startsWith('gradient'));
    expect(new Set(ids).size).toBe(ids.length);
    const links = named('a').map((link) => attribute(link, 'href')?.slice(1));
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) expect(ids).toContain(link);
  });
});
