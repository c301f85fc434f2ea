"""Bounds and choices: what lies outside of them is refused, with what is allowed."""

import quire
from quire.exceptions import QuireError
from quire.models.signature import ModelSignature
from quire.types.schema import ParamSchema, ParamSpec

signature = ModelSignature(
    params=ParamSchema(
        [
            ParamSpec("temperature", "float", 0.2, minimum=0, maximum=1),
            ParamSpec("reasoning_effort", "string", "low", choices=["low", "high"]),
        ]
    )
)

with quire.start_run():
    info = quire.openai.log_model(
        model="o4-mini",
        task="chat.completions",
        name="model",
        messages=[{"role": "user", "content": "Give a synonym of {word}."}],
        signature=signature,
    )

model = quire.pyfunc.load_model(info.model_uri)
print(model.predict(["brisk"], params={"temperature": 1, "reasoning_effort": "high"}))
for refused in ({"temperature": 1.5}, {"reasoning_effort": "medium"}, {"top_p": 0.1}):
    try:
        model.predict(["brisk"], params=refused)
    except QuireError as error:
        print(error)
