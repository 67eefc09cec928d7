/**
 * Shown by /health, and a part of what identifies a score (`embedded VERSION f16`): changes with whatever changes the bits of a
 * result, such as the segments, so that cached scores of the version before are made anew. Clients join engines by protocol.
 */
export const ENGINE_VERSION = '0.1.0';
