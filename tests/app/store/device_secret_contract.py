"""What every keeper of the device secret has to promise."""

from __future__ import annotations

from app.store.device_secret import DeviceSecretStore, new_device_secret


class DeviceSecretContract:
    """Inherit, and make `keeper()` open the same keeper anew each time."""

    def keeper(self) -> DeviceSecretStore:
        raise NotImplementedError

    def test_there_is_no_secret_at_first(self) -> None:
        assert self.keeper().read() is None

    def test_a_secret_is_there_after_a_restart(self) -> None:
        secret = new_device_secret()
        self.keeper().write(secret)
        assert self.keeper().read() == secret

    def test_a_secret_written_later_counts(self) -> None:
        self.keeper().write(new_device_secret())
        later = new_device_secret()
        self.keeper().write(later)
        assert self.keeper().read() == later

    def test_an_erased_secret_is_gone_and_may_be_erased_again(self) -> None:
        self.keeper().write(new_device_secret())
        self.keeper().erase()
        self.keeper().erase()
        assert self.keeper().read() is None
