import { describe, expect, it } from 'vitest';
import { resolveKey } from '../../src/backends/config/keys.ts';
import { formatError } from '../../src/core/errors.ts';

describe('resolveKey', () => {
  const server = (key_env?: string) => ({
    base_url: 'http://h/v1',
    timeout_s: 60,
    dialect: 'openai' as const,
    ...(key_env ? { key_env } : {}),
  });

  it('gives the key of the variable that is named, and null where none is needed', () => {
    expect(resolveKey('s', server('K'), { K: ' secret\n' })).toBe('secret');
    expect(resolveKey('s', server(), {})).toBeNull();
  });

  it('names the variable that is missing or empty, and no value', () => {
    for (const env of [{}, { K: '' }, { K: '  ' }]) {
      let text = '';
      try {
        resolveKey('s', server('K'), { ...env, OTHER: 'secret' }, '/w/foil.yaml');
      } catch (error) {
        expect(error).toMatchObject({
          code: 'key-missing',
          where: { file: '/w/foil.yaml', field: 'servers.s.key_env' },
        });
        text = formatError(error);
      }
      expect(text).toMatch(/"s" needs a key, but the variable K is/);
      expect(text).toContain('export K=');
      expect(text).not.toContain('secret');
    }
  });
});
