"""Puts the tablet together: configuration, store, sync and screens, once a process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import flet as ft

import words
from app import theme
from app.attendance import Attendance
from app.clock import Clock, SystemClock
from app.config import Config, read_preferences
from app.logs import open_log
from app.screens import shell
from app.secure_storage import PlatformDeviceSecret, platform_storage
from app.services.tablet import Tablet
from app.state import AppState, Hooks
from app.store.device_secret import DeviceSecretStore, FileDeviceSecret
from app.sync.link import HttpCounty

LOOPBACK = "127.0.0.1"
ASSETS = Path(__file__).parent.parent / "assets"
SECRET_FOLDER = "secret"
PROBE_S = 0.05
KEYSTORE_PLATFORMS = (ft.PagePlatform.ANDROID, ft.PagePlatform.IOS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """A tablet with its clock and who is at work on it."""

    tablet: Tablet
    clock: Clock
    attendance: Attendance


def assemble(config: Config, secrets: DeviceSecretStore) -> Assembled:
    """The tablet of a data folder, locked; its language is the one last chosen on it."""
    config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    open_log(config.log_path)
    words.set_language(read_preferences(config).language)
    clock = SystemClock()
    county = HttpCounty(clock)
    tablet = Tablet(config, clock, county, secrets)
    return Assembled(tablet=tablet, clock=clock, attendance=Attendance(county, clock))


def secret_beside(config: Config) -> FileDeviceSecret:
    """The device secret in a folder beside the data's, so that no copy of the data holds it."""
    return FileDeviceSecret(config.data_dir.parent / f"{config.data_dir.name}.{SECRET_FOLDER}")


def page_for(assembled: Assembled, page: ft.Page) -> None:
    """Dress a page that was just opened and show the lock screen, or enrolment, on it."""
    app = AppState(
        assembled.tablet,
        assembled.clock,
        width=page.width or 1280,
        height=page.height or 800,
        font_scale=read_preferences(assembled.tablet.config).font_scale,
        language=words.language(),
    )
    attendance = assembled.attendance
    app.hooks = Hooks(
        begin=lambda work: attendance.begin(page, app, work),
        end=lambda work: attendance.end(app, work),
        changed=attendance.changed,
    )
    _dress(page, app)
    page.on_resize = lambda event: _resized(app, event)
    page.on_view_pop = lambda _: app.back()
    page.on_disconnect = lambda _: app.close()
    page.on_connect = lambda _: _shown_again(page, app)
    page.on_close = lambda _: app.close()
    page.render_views(shell.App, app)


def _shown_again(page: ft.Page, app: AppState) -> None:
    """A page that comes back is drawn anew, at the lock screen: nothing of before is left on it."""
    app.close()
    page.render_views(shell.App, app)


def _dress(page: ft.Page, app: AppState) -> None:
    page.data = app  # whatever is pressed or typed on the page, its state is told
    page.title = words.say("app.name")
    page.fonts = theme.FONTS
    page.theme_mode = ft.ThemeMode.LIGHT
    page.theme = theme.build(app.font_scale)
    page.locale_configuration = ft.LocaleConfiguration(
        supported_locales=[ft.Locale("zh", "CN"), ft.Locale("en")],
        current_locale=ft.Locale(*words.language().split("_")),
    )


def _resized(app: AppState, event: ft.PageResizeEvent) -> None:
    app.width, app.height = event.width, event.height


def serve_in_browser(
    config: Config, port: int, on_ready: Callable[[], None] = lambda: None
) -> None:
    """Serve the tablet to a browser of this machine only, until interrupted.

    Every page that connects begins at the lock screen.
    """
    os.environ.pop("FLET_SERVER_IP", None)  # it would override the loopback address
    os.environ["FLET_FORCE_WEB_SERVER"] = "true"  # never open a browser or a desktop client
    assembled = assemble(config, secret_beside(config))

    async def serve() -> None:
        announcing = asyncio.create_task(_announce(port, on_ready))
        await ft.run_async(
            lambda page: page_for(assembled, page),
            host=LOOPBACK,
            port=port,
            view=ft.AppView.WEB_BROWSER,
            no_cdn=True,
            assets_dir=str(ASSETS),
        )
        announcing.cancel()

    try:
        asyncio.run(serve())
    finally:
        assembled.tablet.lock()


async def _announce(port: int, on_ready: Callable[[], None]) -> None:
    """Call `on_ready` once the port is listened on; Flet itself tells nobody."""
    while True:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            await asyncio.sleep(PROBE_S)
        else:
            writer.close()
            on_ready()
            return


def run_packaged() -> None:
    """Run as the app installed on a tablet; Flet supplies the window."""
    config = Config.from_environment()

    async def show(page: ft.Page) -> None:
        page_for(assemble(config, _secret_on(page, config)), page)

    ft.run(show, assets_dir=str(ASSETS))


def _secret_on(page: ft.Page, config: Config) -> DeviceSecretStore:
    """Where this device keeps its secret; the platform's storage is reached through the page."""
    if page.platform in KEYSTORE_PLATFORMS:
        return PlatformDeviceSecret(platform_storage(), asyncio.get_running_loop())
    return secret_beside(config)
