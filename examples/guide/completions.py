"""Completions: the template is one text, and one request carries many prompts."""

import openai
import pandas as pd

import quire

with quire.start_run():
    info = quire.openai.log_model(
        model="gpt-3.5-turbo-instruct",
        task=openai.completions,
        name="model",
        prompt="Review: {review}\nMood of the review:",
    )

model = quire.pyfunc.load_model(info.model_uri)
reviews = pd.DataFrame({"review": ["The soup was cold.", "We danced until dawn."]})
for answer in model.predict(reviews):
    print(answer)
