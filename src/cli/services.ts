/** What commands work on. Each opens on first use, since most commands need few of them and each costs time. */
export interface Services {
  /** Absolute; holds sessions/, pairs/ and foil.yaml. */
  readonly workspace: string;
  /** Closes what was opened; called for the command. */
  close(): Promise<void>;
}

export function openServices(workspace: string): Services {
  return { workspace, close: async () => {} };
}
