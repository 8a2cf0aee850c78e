"""Serve the page to the browser of this machine, and to nobody else."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from zsaudio.errors import ZsAudioError
from zsaudio.inference.predictor import Predictor
from zsaudio.search.searching import SoundIndex
from zsaudio_app.labels_tab import LabelsTab
from zsaudio_app.search_tab import SearchTab

HOST = "127.0.0.1"
FONTS = ["system-ui", "sans-serif"]
# Gradio's page needs scripts and styles of its own in the page; nothing may come from, or go, elsewhere.
POLICY = b"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; form-action 'self'; frame-ancestors 'none'"

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Any, Send], Awaitable[None]]


def serve(predictor: Predictor, index: SoundIndex | None, port: int | None, browser: bool) -> None:
    """Serve the page until it is interrupted. What is recorded or uploaded is removed then.

    Args:
        predictor: the model.
        index: what is searched; None: there is no such tab.
        port: on the loopback address; None: the first that is free.
        browser: whether to open the page in the browser.

    Raises:
        ZsAudioError: the port is taken, or the model can do nothing here.
    """
    if predictor.threshold is None and index is None:
        raise ZsAudioError("the model was trained on captions and predicts no labels: name an index, --index INDEX")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that recordings are removed then, too
    with tempfile.TemporaryDirectory(prefix="zsaudio-app-") as folder:
        os.environ["GRADIO_TEMP_DIR"] = folder
        direct = os.environ.get("no_proxy") or os.environ.get("NO_PROXY", "")
        os.environ["no_proxy"] = f"{direct},{HOST}".lstrip(",")  # Gradio looks whether its page answers
        page = page_of(predictor, index, Path(folder))
        try:
            _, address, _ = page.launch(
                server_name=HOST,
                server_port=port,
                share=False,
                ssr_mode=False,
                mcp_server=False,
                pwa=False,
                enable_monitoring=False,
                run_history=False,
                root_path="",
                allowed_paths=[folder],
                app_kwargs={"middleware": [Middleware(TrustedHostMiddleware, [HOST]), Middleware(within_this_machine)]},
                footer_links=[],
                theme=gr.themes.Default(font=FONTS, font_mono=FONTS),
                quiet=True,
                inbrowser=browser,
                prevent_thread_lock=True,
            )
        except OSError as error:
            taken = f"{port} is not free" if port else "no port that is tried is free"
            raise ZsAudioError(f"--port: {taken} on {HOST}; name another") from error
        print(f"{address} (Ctrl-C ends it)", flush=True)
        page.block_thread()


def page_of(predictor: Predictor, index: SoundIndex | None, folder: Path) -> Any:
    """The page: a tab for labels, if the model predicts any, and one for search, if there is an index."""
    with gr.Blocks(title="zsaudio", analytics_enabled=False) as page:
        gr.Markdown("# zsaudio\nSounds that a model was never trained on, from nothing but their names.")
        if predictor.threshold is not None:
            with gr.Tab("Labels"):
                LabelsTab(predictor, folder)
        if index is not None:
            with gr.Tab("Search"):
                SearchTab(index)
    return page


def within_this_machine(app: Application) -> Application:
    """Have the browser refuse all requests of the page that would leave this machine."""

    async def answering(scope: Message, receive: Any, send: Send) -> None:
        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-security-policy", POLICY)]
            await send(message)

        await app(scope, receive, with_policy)

    return answering
