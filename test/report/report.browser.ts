import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderReport } from '../../src/backends/evaluate/report.ts';
import { view } from './exhibits.ts';

/** Debian's (`apt-get install chromium`), or the one that FOIL_CHROMIUM names. FOIL_REPORT: another report to look at. */
const EXECUTABLE = process.env['FOIL_CHROMIUM'] ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);
const PHONE = 375;

let browser: Browser;
let dir: string;
let file: string;

beforeAll(async () => {
  if (EXECUTABLE === undefined)
    throw new Error('no browser: apt-get install chromium, or set FOIL_CHROMIUM to the path of one');
  dir = await mkdtemp(join(tmpdir(), 'foil-report-'));
  file = process.env['FOIL_REPORT'] ?? join(dir, 'report.html');
  if (!process.env['FOIL_REPORT']) await writeFile(file, await renderReport(view()));
  // as root, and in a container, Chromium's own sandbox does not start; the page under test runs no script
  browser = await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox', '--disable-gpu'] });
});

afterAll(async () => {
  await browser?.close();
  if (dir) await rm(dir, { recursive: true, force: true });
});

/** What a page asked for beside itself, and what it complained of. */
interface Heard {
  readonly requests: string[];
  readonly complaints: string[];
}

async function open(width: number, colorScheme: 'light' | 'dark'): Promise<Page & { heard: Heard }> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const heard: Heard = { requests: [], complaints: [] };
  const url = pathToFileURL(file).href;
  page.on('request', (request) => {
    if (request.url() !== url) heard.requests.push(request.url());
  });
  page.on('console', (message) => heard.complaints.push(message.text()));
  page.on('pageerror', (error) => heard.complaints.push(error.message));
  await page.goto(url);
  return Object.assign(page, { heard });
}

/** WCAG contrast of each text with what is painted below it; of those under 4.5:1, what it says. */
const CONTRAST = `(() => {
  const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const colour = (text) => text.match(/[\\d.]+/g).map(Number);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, a = 1] = colour(getComputedStyle(at).backgroundColor);
      if (a > 0) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    if (!own || element.getClientRects().length === 0) continue;
    const style = getComputedStyle(element);
    const ink = colour(element instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [luminance(ink), luminance(ground(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.push(element.textContent.slice(0, 40));
  }
  return found;
})()`;

/** Letters smaller than 10 px on the screen, plots and all. */
const SMALL = `[...document.querySelectorAll('body *')].filter((element) => {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
  if (!own || element.getClientRects().length === 0) return false;
  const svg = element.closest('svg');
  const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
  return scale * Number.parseFloat(getComputedStyle(element).fontSize) < 10;
}).map((element) => element.textContent.slice(0, 40))`;

describe.each([PHONE, 900, 1600])('at %i px', (width) => {
  it.each(['light', 'dark'] as const)('in %s, is readable, and loads and runs nothing', async (scheme) => {
    const page = await open(width, scheme);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    expect(await page.evaluate(CONTRAST)).toEqual([]);
    expect(await page.evaluate(SMALL)).toEqual([]);
    expect(await page.evaluate('globalThis.pwned')).toBeUndefined();
    expect(page.heard).toEqual({ requests: [], complaints: [] });
    await page.close();
  });

  it('keeps names in sight when a table is scrolled, and never cuts a plot', async () => {
    const page = await open(width, 'light');
    const names = await page.evaluate(`[...document.querySelectorAll('.scroll')].map((frame) => {
      frame.scrollLeft = 10_000;
      const name = frame.querySelector('tbody tr:last-child th');
      return Math.round(name.getBoundingClientRect().left - frame.getBoundingClientRect().left);
    })`);
    expect(Math.max(...(names as number[]).map(Math.abs))).toBeLessThanOrEqual(2);
    const plots =
      await page.evaluate(`[...document.querySelectorAll('.plot svg')].filter((svg) => svg.getClientRects().length > 0)
      .map((svg) => { const box = svg.getBoundingClientRect(); return [Math.round(box.left), Math.round(box.right)]; })`);
    expect((plots as unknown[]).length).toBeGreaterThan(0);
    for (const [left, right] of plots as [number, number][]) {
      expect(left).toBeGreaterThanOrEqual(0);
      expect(right).toBeLessThanOrEqual(width);
    }
    const narrow = await page.locator('.plot.narrow svg').first().isVisible();
    expect(narrow).toBe(width === PHONE);
    await page.close();
  });
});

it('prints in black on white, whole tables, without what only leads about on a screen', async () => {
  const page = await open(900, 'dark');
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  expect(await page.locator('nav').isVisible()).toBe(false);
  const style = await page.evaluate(
    `(() => { const { color, backgroundColor } = getComputedStyle(document.body); return [color, backgroundColor, getComputedStyle(document.querySelector('.scroll')).overflowX]; })()`,
  );
  expect(style).toEqual(['rgb(0, 0, 0)', 'rgb(255, 255, 255)', 'visible']);
  expect((await page.pdf({ format: 'A4' })).length).toBeGreaterThan(10_000);
  await page.close();
});
