/** The text in bytes that begin a file; undefined if they are not text. What is no UTF-8 shows as a replaced sign. */
export function decoded(content: ArrayBuffer): string | undefined {
  const bytes = new Uint8Array(content);
  if (bytes.includes(0)) return undefined;
  return new TextDecoder("utf-8").decode(bytes);
}
