/** What `bench/start.ts` compares with: the least that Ink can do. */
import { render, Text } from 'ink';

render(<Text>ready</Text>);
