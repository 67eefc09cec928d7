import { Box, Text } from '../ink.ts';
import type { TooSmallLayout } from '../layout.ts';

/** What shows when no screen fits: what there is, and what is needed. Nothing stops meanwhile. */
export function TooSmall({ layout }: { readonly layout: TooSmallLayout }) {
  const { columns, rows, need } = layout;
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      <Text wrap="wrap">
        This terminal is {columns}x{rows}; Foil needs {need.columns}x{need.rows}. Make it larger: nothing is lost, and
        what runs goes on. Ctrl+C twice leaves.
      </Text>
    </Box>
  );
}
