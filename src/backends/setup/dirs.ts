import envPaths from 'env-paths';

/** The user's folders for Foil: `cache` can be deleted at any time and is built again; `log` holds reports of bugs. */
export interface UserDirs {
  readonly cache: string;
  readonly log: string;
}

/** Follows XDG_CACHE_HOME and XDG_STATE_HOME where the system has them. Nothing is created. */
export function userDirs(): UserDirs {
  const { cache, log } = envPaths('foil', { suffix: '' });
  return { cache, log };
}
