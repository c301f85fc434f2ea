"""The responses task: instructions and input, both with variables."""

import openai

import quire

with quire.start_run():
    info = quire.openai.log_model(
        model="gpt-4o-mini",
        task=openai.responses,
        name="model",
        instructions="You are a {role}.",
        input="What do you carry in your bag on a {day}?",
        max_output_tokens=120,
    )

model = quire.pyfunc.load_model(info.model_uri)
for answer in model.predict([{"role": "vet", "day": "Sunday"}, {"role": "diver", "day": "Friday"}]):
    print(answer)
