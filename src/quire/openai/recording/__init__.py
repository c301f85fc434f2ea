"""Recording what the OpenAI SDK asks and is answered, and answering from a recording: no network, no key, no cost."""

from __future__ import annotations

from quire.domain.recordings import RecordingMiss
from quire.openai.recording.recorder import Recorder, record
from quire.openai.recording.replayer import Replayer, replay
from quire.openai.recording.traced import TraceRecording, record_traces, recording_from_traces

__all__ = [
    "Recorder",
    "RecordingMiss",
    "Replayer",
    "TraceRecording",
    "record",
    "record_traces",
    "recording_from_traces",
    "replay",
]
