// A program on the official SDK for Node that knows nothing of Quire; says what it got, as JSON.
"use strict";
const OpenAI = require("openai");

const client = new OpenAI({ maxRetries: 0 });
const messages = [{ role: "user", content: "Tell me a joke about a cat." }];
const parameters = {
  type: "object",
  properties: { a: { type: "integer" }, b: { type: "integer" } },
  required: ["a", "b"],
  additionalProperties: false,
};
const tool = { type: "function", function: { name: "add", description: "Add two numbers.", parameters } };
const person = {
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"],
  additionalProperties: false,
};

const chat = (more) => client.chat.completions.create({ model: "joker", messages, ...more });

async function collected(stream, pick) {
  let text = "";
  for await (const piece of stream) text += pick(piece) ?? "";
  return text;
}

async function tools() {
  const { message } = (await chat({ tools: [tool], tool_choice: "required" })).choices[0];
  const call = message.tool_calls[0];
  const answer = { role: "tool", tool_call_id: call.id, content: "3" };
  const final = await client.chat.completions.create({
    model: "joker",
    messages: [...messages, message, answer],
    tools: [tool],
  });
  return [call.function.name, Object.keys(JSON.parse(call.function.arguments)).sort(), final.choices[0].message.content];
}

async function refused(ask) {
  try {
    await ask();
  } catch (error) {
    return [error.constructor.name, error.status, error.code, error.param, error.error.message];
  }
  return ["answered"];
}

async function responses() {
  const whole = await client.responses.create({ model: "joker", input: "Tell me a joke about a dog." });
  const stream = await client.responses.create({ model: "joker", input: "And one more.", stream: true });
  const stored = await client.responses.create({ prompt: { id: "fable", variables: { animal: "fox" } } });
  const called = await client.responses.create({
    model: "joker",
    input: "Add them.",
    tools: [{ type: "function", name: "add", parameters, strict: true }],
    tool_choice: "required",
  });
  return {
    whole: whole.output_text,
    streamed: await collected(stream, (event) => (event.type === "response.output_text.delta" ? event.delta : "")),
    stored: stored.output_text,
    tool: called.output.filter((item) => item.type === "function_call").map((item) => item.name),
  };
}

async function main() {
  const whole = await chat({});
  const format = { type: "json_schema", json_schema: { name: "person", schema: person, strict: true } };
  const models = [];
  for await (const model of client.models.list()) models.push(model.id);
  const raw = await chat({}).withResponse();
  const said = {
    models: models.sort(),
    chat: whole.choices[0].message.content,
    usage: whole.usage.total_tokens,
    streamed: await collected(await chat({ stream: true }), (piece) => piece.choices[0]?.delta.content),
    tools: await tools(),
    schema: (await client.chat.completions.parse({ model: "joker", messages, response_format: format })).choices[0]
      .message.parsed,
    variables: (await client.chat.completions.create({ model: "fable", messages: [], variables: { animal: "fox" } }))
      .choices[0].message.content,
    completion: (await client.completions.create({ model: "writer", prompt: "Once upon a time" })).choices[0].text,
    embedding: (await client.embeddings.create({ model: "embedder", input: ["one", "two"] })).data[1].embedding.length,
    unknown: await refused(() => client.chat.completions.create({ model: "nobody", messages })),
    closed: await refused(() => chat({ temperature: 1.5 })),
    missing: await refused(() => client.chat.completions.create({ model: "fable", messages: [] })),
    trace: raw.response.headers.get("x-quire-trace-id"),
    responses: await responses(),
  };
  console.log(JSON.stringify(said));
}

main();
