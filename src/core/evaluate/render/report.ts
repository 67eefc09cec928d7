import { formatDuration } from '../../text/quantity.ts';
import { safeText } from '../../text/safe.ts';
import { type EvaluationView, type Section, simulatedCorpora } from '../../workflows/evaluate/view.ts';
import type { Exhibit, Table } from '../table.ts';
import { type GridCell, type GridColumn, gridOf, ofSimulatedOnly } from './grid.ts';
import { STYLE } from './style.ts';

/** SVG of each figure by its id, drawn for a phone and for all else. */
export type Plots = ReadonlyMap<string, { readonly narrow: string; readonly wide: string }>;

/** Nothing is loaded and no script runs, whatever a session says that is quoted here. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** An evaluation as one HTML file: what was compared, its exhibits, and what made them. */
export function reportHtml(view: EvaluationView, plots: Plots): string {
  const { begin, sections, end } = view;
  const simulated = simulatedCorpora(view);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="Foil ${html(begin.foil)}">
<title>${html(begin.spec.name)}: simulated users beside real ones</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<p class="kind">Evaluation of user simulators</p>
<h1>${html(begin.spec.name)}</h1>
<p>${html(day(begin.at))} · Foil ${html(begin.foil)} · seed ${begin.spec.seed} · ${begin.spec.draws} bootstrap samples${
    end ? '' : ' · <strong>unfinished</strong>'
  }</p>
</header>
<main>
${sidesHtml(view)}
${noticesHtml(end?.notices ?? [])}
${contentsHtml(sections)}
${sections.map((section) => sectionHtml(section, plots, simulated)).join('\n')}
${madeByHtml(view)}
</main>
<footer><p>Simulated users complement people and never replace them: what is found here is to be checked with people.</p></footer>
</body>
</html>
`;
}

function sidesHtml({ begin }: EvaluationView): string {
  const rows = begin.sides.map(
    ({ name, kind, corpora, sessions, contexts, chatbots }) =>
      `<tr><th scope="row">${html(name)} <span class="tag ${kind}">${kind}</span></th><td>${html(corpora.join(', '))}</td><td class="num">${sessions}</td><td class="num">${contexts}</td><td class="long">${html(chatbots.join(', '))}</td></tr>`,
  );
  return `<section id="sides"><h2>What is compared</h2>
<div class="scroll" tabindex="0" role="region" aria-label="What is compared"><table>
<thead><tr><th scope="col">side</th><th scope="col">corpus</th><th scope="col" class="num">sessions</th><th scope="col" class="num">contexts</th><th scope="col">chatbots</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>
<p>Each figure stands with its 95% interval below it, and with n where the table does not say it. Columns headed
<span class="paper inline">paper</span> repeat what the paper reports: of other users, chatbots and models, so that they
compare in pattern only. A dash stands for a figure that does not exist.</p></section>`;
}

function noticesHtml(notices: readonly string[]): string {
  if (notices.length === 0) return '';
  return `<section id="notices"><h2>To be known beforehand</h2><ul class="notes">${notices
    .map((text) => `<li>${html(text)}</li>`)
    .join('')}</ul></section>`;
}

function contentsHtml(sections: readonly Section[]): string {
  const items = sections.map((section) => {
    const parts =
      section.state === 'exhibits'
        ? `<ul>${section.exhibits.map(({ id, title, paper }) => `<li><a href="#${anchor(id)}">${html(title)}</a>${paper === null ? '' : ` <span class="ref">${html(paper)}</span>`}</li>`).join('')}</ul>`
        : ` <span class="ref">${section.state === 'missing' ? 'not computed' : 'not computed yet'}</span>`;
    return `<li><a href="#metric-${anchor(section.metric)}">${html(section.title)}</a>${parts}</li>`;
  });
  return `<nav aria-label="Contents"><ul>${items.join('')}</ul></nav>`;
}

function sectionHtml(section: Section, plots: Plots, simulated: ReadonlySet<string>): string {
  const said = new Set<string>();
  const body =
    section.state === 'exhibits'
      ? section.exhibits.map((exhibit) => exhibitHtml(exhibit, plots, simulated, said)).join('\n')
      : `<p class="missing">${section.state === 'pending' ? 'Not computed yet: the run was cut off, or goes on.' : `Not computed: ${html(section.reason)}.${section.remedy.map((step) => ` <span>→ ${html(step)}</span>`).join('')}`}</p>`;
  return `<section id="metric-${anchor(section.metric)}"><h2>${html(section.title)}</h2>\n${body}</section>`;
}

/** @param said notes of the section that stand above; they are folded here. */
function exhibitHtml(exhibit: Exhibit, plots: Plots, simulated: ReadonlySet<string>, said: Set<string>): string {
  const { id, title, paper, notes } = exhibit;
  const ref =
    paper === null
      ? '<span class="ref">not in the paper</span>'
      : `<span class="ref">${html(paper)} of the paper</span>`;
  const tag = ofSimulatedOnly(exhibit, simulated) ? '<span class="tag simulated">simulated</span> ' : '';
  const body =
    exhibit.type === 'table'
      ? tableHtml(exhibit, simulated)
      : `<figure aria-label="${html(title)}"><div class="plot narrow">${plots.get(id)?.narrow ?? ''}</div><div class="plot wide">${plots.get(id)?.wide ?? ''}</div></figure>`;
  const list = notesHtml(notes, said);
  return `<article id="${anchor(id)}"><h3>${html(title)} ${tag}${ref}</h3>${body}${list}</article>`;
}

function notesHtml(notes: readonly string[], said: Set<string>): string {
  const items = (list: readonly string[]) => list.map((note) => `<li>${html(note)}</li>`).join('');
  const fresh = notes.filter((note) => !said.has(note));
  const again = notes.filter((note) => said.has(note));
  for (const note of fresh) said.add(note);
  if (notes.length === 0) return '';
  const folded = `<li><details><summary>and, as above, ${again.length === 1 ? 'a note' : `${again.length} notes`}</summary><ul>${items(again)}</ul></details></li>`;
  return `<ul class="notes">${items(fresh)}${again.length === 0 ? '' : folded}</ul>`;
}

/** Letters of a cell that would stand one word a line in a column as narrow as a phone leaves. */
const LONG = 24;

function tableHtml(table: Table, simulated: ReadonlySet<string>): string {
  const { columns, rows } = gridOf(table, simulated);
  if (rows.length === 0) return '<p class="missing">There is nothing to show.</p>';
  const head = columns.map((column) => `<th scope="col"${classOf(column)}>${html(column.title)}</th>`).join('');
  let group: string | null = null;
  const body = rows.map((row) => {
    const heading =
      row.group !== null && row.group !== group
        ? `<tr class="group"><th scope="rowgroup" colspan="${columns.length}"><span>${html(row.group)}</span></th></tr>`
        : '';
    group = row.group;
    const cells = row.cells.map((cell, at) => {
      const column = columns[at];
      if (at === 0) return `<th scope="row">${cellHtml(cell)}</th>`;
      return `<td${column ? classOf(column, cell.text) : ''}>${cellHtml(cell)}</td>`;
    });
    return `${heading}<tr>${cells.join('')}</tr>`;
  });
  return `<div class="scroll" tabindex="0" role="region" aria-label="${html(table.title)}"><table>
<thead><tr>${head}</tr></thead>
<tbody>${body.join('\n')}</tbody></table></div>`;
}

function classOf({ kind }: GridColumn, text = ''): string {
  if (kind === 'number') return ' class="num"';
  if (kind === 'paper') return ' class="num paper"';
  if (kind === 'quote') return ' class="quote"';
  return text.length > LONG ? ' class="long"' : '';
}

function cellHtml({ text, interval, n }: GridCell): string {
  const more = [interval, n].filter((part) => part !== null).map((part) => html(part));
  return `${html(text)}${more.length === 0 ? '' : `<small>${more.join(' ')}</small>`}`;
}

function madeByHtml({ begin, sections, end }: EvaluationView): string {
  const inputs = begin.inputs.map(
    ({ kind, name, role, sha256, sessions }) =>
      `<tr><th scope="row">${html(name)}</th><td>${kind}, ${html(role)}</td><td class="num">${sessions ?? ''}</td><td class="hash">${sha256 ?? 'not to be had'}</td></tr>`,
  );
  const seconds = sections.reduce((sum, section) => sum + (section.state === 'exhibits' ? section.seconds : 0), 0);
  return `<section id="made-by"><h2>What made this</h2>
<pre>${html(begin.command)}\nfoil eval report ${html(begin.spec.name)}</pre>
<p>Foil ${html(begin.foil)}, begun ${html(begin.at)}${end ? `, done ${html(end.at)}` : ', not done'}; its exhibits took ${html(formatDuration(seconds))} to
compute. Seed ${begin.spec.seed}, ${begin.spec.draws} bootstrap samples of each interval. The sha256 of a corpus is that of its file; of a model, that of its
adapter with its base, template and settings; of a sentence encoder, that of its weights.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Inputs"><table>
<thead><tr><th scope="col">input</th><th scope="col">what it is</th><th scope="col" class="num">sessions</th><th scope="col">sha256</th></tr></thead>
<tbody>${inputs.join('\n')}</tbody></table></div>
<details><summary>All settings</summary><pre>${html(JSON.stringify(begin.spec, null, 2))}</pre></details></section>`;
}

/** Text for HTML: what could act in a terminal or reorder a line is made visible, what HTML would take for its own is escaped. */
function html(text: string): string {
  const named: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return safeText(text).replace(/[&<>"']/gu, (sign) => named[sign] ?? sign);
}

function anchor(id: string): string {
  return id.toLowerCase().replace(/[^a-z0-9-]+/gu, '-');
}

function day(at: string): string {
  return at.slice(0, 10);
}
