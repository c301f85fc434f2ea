"""Embeddings: a vector for each text, many texts in one request."""

import openai

import quire

with quire.start_run():
    info = quire.openai.log_model(
        model="text-embedding-3-small",
        task=openai.embeddings,
        name="embeddings",
    )

model = quire.pyfunc.load_model(info.model_uri)
vectors = model.predict(["a quiet harbour", "a loud market"])
print(len(vectors), "vectors")
print([round(number, 4) for number in vectors[0][:3]])
