import { expect, test } from "vitest";

import { calledTools, mediaOf, messagesOf, pictureOf, soundOf, toolsOf } from "./messages";

const asked = { model: "m", messages: [{ role: "user", content: "Why?" }] };

test("chat requests and answers are messages", () => {
  expect(messagesOf(asked)).toEqual([{ role: "user", content: "Why?" }]);
  expect(messagesOf({ choices: [{ message: { role: "assistant", content: "So." } }] })).toEqual([
    { role: "assistant", content: "So." },
  ]);
  expect(messagesOf({ model: "m", prompt: "Once" })).toEqual([{ role: "user", content: "Once" }]);
  expect(messagesOf({ choices: [{ text: "upon" }] })).toEqual([{ role: "assistant", content: "upon" }]);
});

test("what is no conversation is none", () => {
  for (const value of [null, undefined, 3, "text", [], [1], { input: "x" }, { question: "Why?" }, { choices: [3] }]) {
    expect(messagesOf(value)).toBeUndefined();
  }
});

test("the responses API's items are messages, with calls of tools and their results", () => {
  const found = messagesOf({
    model: "m",
    instructions: "Be brief.",
    input: [
      { role: "user", content: [{ type: "input_text", text: "Cold?" }] },
      { type: "function_call", call_id: "c", name: "weather", arguments: "{}" },
      { type: "function_call_output", call_id: "c", output: "4" },
    ],
  });
  expect(found?.map((message) => message.role)).toEqual(["system", "user", "assistant", "tool"]);
  expect(calledTools(found ?? []).get("c")).toBe("weather");
  const answered = messagesOf({
    object: "response",
    output: [
      { type: "reasoning", summary: [{ type: "summary_text", text: "hm" }] },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "Yes." }] },
      { type: "web_search_call", id: "w" },
    ],
  });
  expect(answered?.map((message) => message.role)).toEqual(["reasoning", "assistant", "web_search_call"]);
});

test("messages of OpenTelemetry's conventions are messages", () => {
  const found = messagesOf([
    { role: "user", parts: [{ type: "text", content: "Cold?" }] },
    { role: "assistant", parts: [{ type: "tool_call", id: "c", name: "weather", arguments: {} }] },
    { role: "tool", parts: [{ type: "tool_call_response", id: "c", response: "4" }] },
  ]);
  expect(found?.[0]).toEqual({ role: "user", content: [{ type: "text", text: "Cold?" }] });
  expect(calledTools(found ?? []).get("c")).toBe("weather");
  expect(found?.[2]).toEqual({ role: "tool", tool_call_id: "c", content: "4" });
});

test("offered tools are named, whatever their form", () => {
  const tools = [
    { type: "function", function: { name: "a" } },
    { type: "function", name: "b" },
    { type: "web_search" },
    3,
  ];
  expect(toolsOf({ tools }).map(({ name }) => name)).toEqual(["a", "b", "web_search", "tool"]);
  expect(toolsOf(null)).toEqual([]);
});

test("pictures, sound and files are told in words", () => {
  expect(mediaOf({ type: "image_url", image_url: { url: "https://a.invalid/b.png" } })).toBe(
    "image: https://a.invalid/b.png",
  );
  expect(mediaOf({ type: "input_image", image_url: `data:image/png;base64,${"A".repeat(500)}` })).toBe(
    "image, 522 characters of data",
  );
  expect(mediaOf({ type: "file", file: { filename: "a.pdf", file_id: "f" } })).toBe("a.pdf: f");
  expect(mediaOf({ type: "text", text: "x" })).toBeUndefined();
  expect(mediaOf("x")).toBeUndefined();
});

test("a picture of pixels whose data is there can be shown, and nothing else", () => {
  const png = "data:image/png;base64,iVBORw0KGgo=";
  expect(pictureOf({ type: "image_url", image_url: { url: png } })).toBe(png);
  expect(pictureOf({ type: "input_image", image_url: png })).toBe(png);
  expect(pictureOf({ type: "image_generation_call", result: "iVBORw0KGgo=" })).toBe(png);
  const source = { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" };
  expect(pictureOf({ type: "image", source })).toBe(png);
  for (const url of ["https://a.invalid/b.png", "data:image/svg+xml;base64,AAAA", "data:text/html,<b>", "javascript:1"])
    expect(pictureOf({ type: "image_url", image_url: { url } })).toBeUndefined();
});

test("an answer in sound says what is said in it", () => {
  expect(soundOf({ id: "audio_1", data: "A".repeat(300), transcript: "Hello" })).toEqual({
    what: "sound, 300 characters of data",
    transcript: "Hello",
  });
  expect(soundOf(null)).toBeUndefined();
});
