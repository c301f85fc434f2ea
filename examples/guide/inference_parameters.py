"""Parameters that whoever predicts may change: the signature names them, with types and defaults."""

import openai
import pandas as pd

import quire
from quire.models.signature import ModelSignature
from quire.types.schema import ColSpec, ParamSchema, ParamSpec, Schema

signature = ModelSignature(
    inputs=Schema([ColSpec(type="string", name=None)]),
    outputs=Schema([ColSpec(type="string", name=None)]),
    params=ParamSchema(
        [
            ParamSpec(name="temperature", default=0.2, dtype="float"),
            ParamSpec(name="max_tokens", default=60, dtype="long"),
        ]
    ),
)

with quire.start_run():
    info = quire.openai.log_model(
        model="gpt-4o-mini",
        task=openai.chat.completions,
        name="model",
        messages=[{"role": "user", "content": "Name a boat for a captain who likes {thing}."}],
        signature=signature,
    )

model = quire.pyfunc.load_model(info.model_uri)
captains = pd.DataFrame({"thing": ["chess", "opera"]})
print(model.predict(captains))
print(model.predict(captains, params={"temperature": 1, "max_tokens": 20}))
