import { FoilError } from '../../core/errors.ts';

/** Why pip failed, told from the last lines it printed; `log` keeps all of them. */
export function pipFailure(lines: readonly string[], log: string): FoilError {
  const text = lines.join('\n');
  const where = { file: log };
  if (/No space left on device|Errno 28|Disk quota exceeded/i.test(text)) {
    return new FoilError('disk-full', 'the disk is full: pip could not write a package', {
      where,
      remedy: [
        'free some space, or build elsewhere with --dir DIR',
        'run the same command again: it goes on where it stopped',
      ],
    });
  }
  const missing = /No matching distribution found for (\S+)/.exec(text)?.[1];
  if (missing !== undefined && !/connection|timed out|Temporary failure/i.test(text)) {
    return new FoilError('pip-no-match', `pip finds no ${missing} for this Python and platform`, {
      where,
      remedy: [
        'use another Python (3.11 to 3.13) with --python PATH',
        'if your pip uses a private index, it may lack the package; --torch-index URL names one for torch',
      ],
    });
  }
  if (
    /connection|timed out|Temporary failure in name resolution|Network is unreachable|ProxyError|SSLError|Could not fetch URL/i.test(
      text,
    )
  ) {
    return new FoilError('pip-network', 'pip cannot reach its package index', {
      where,
      remedy: [
        'check the network and the proxy (pip reads HTTPS_PROXY and its own configuration)',
        'run the same command again: it goes on where it stopped',
      ],
    });
  }
  const reason = lines.findLast((line) => /^ERROR:/i.test(line)) ?? lines.at(-1) ?? 'it printed nothing';
  return new FoilError('pip-failed', `pip failed: ${reason.replace(/^ERROR:\s*/i, '')}`, {
    where,
    remedy: ['the file holds all that pip printed', 'run the same command again: it goes on where it stopped'],
  });
}
