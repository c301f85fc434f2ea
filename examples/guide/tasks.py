"""The task as text, as a class of the SDK, as a resource of its module and as a resource of a client."""

import openai

import quire

client = openai.OpenAI()
TASKS = (
    "chat.completions",
    openai.resources.chat.Completions,
    openai.chat.completions,
    client.chat.completions,
)

for number, task in enumerate(TASKS):
    quire.openai.save_model(
        model="gpt-4o-mini",
        task=task,
        path=f"task-{number}",
        messages=[{"role": "user", "content": "Say {x}."}],
    )
    print(quire.openai.load_model(f"task-{number}")["task"])
