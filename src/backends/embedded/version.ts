/** Shown by /health; clients join engines by protocol, so this is for people. */
export const ENGINE_VERSION = '0.1.0';
