/** How a streamed answer came, as autologging notes it in a span's attributes. */
export type Stream = {
  firstTokenMs: number | undefined;
  pieces: number | undefined;
  seconds: number | undefined;
  perSecond: number | undefined;
};

export function streamOf(attributes: Record<string, unknown>): Stream {
  return {
    firstTokenMs: number(attributes["quire.stream.first_token_ms"]),
    pieces: number(attributes["quire.stream.pieces"]),
    seconds: number(attributes["quire.stream.seconds"]),
    perSecond: number(attributes["quire.stream.tokens_per_second"]),
  };
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
