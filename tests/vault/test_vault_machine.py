"""A vault against a model of it: any order of changes, crashes, damages and repairs."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nbapimgr.errors import OptionError, UnknownName, VaultDamaged
from nbapimgr.secret import Secret
from nbapimgr.vault import Keeper, Key
from tests.vault.vaults import ORIGIN, closed_vault, damage, folders_in, held, new_vault

ALIASES = st.sampled_from(["a", "b", "c"])
VALUES = st.integers(0, 10**6).map(lambda number: f"sk-{number}")


class Machine(RuleBasedStateMachine):
    """Two processes on one vault; the model has the live keys in order, and what undo gives."""

    def __init__(self):
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="vault-machine-"))
        self.vaults = [new_vault(self.home)[0], closed_vault(self.home)]
        self.vaults[1].unlock()
        self.now = 1_800_000_000
        self.order: list[str] = []
        self.values: dict[str, str] = {}
        self.broken = False

    def teardown(self):
        shutil.rmtree(self.home)

    def keeper(self, which):
        self.now += 1  # undo takes the newest first
        return Keeper(self.vaults[which], clock=lambda: self.now)

    @rule(which=st.integers(0, 1), alias=ALIASES, value=VALUES)
    @precondition(lambda self: not self.broken)
    def add(self, which, alias, value):
        key = Key("p", alias, Secret(value), ORIGIN)
        if value in [v for a, v in self.values.items() if a != alias]:
            try:
                self.keeper(which).add(key)
            except OptionError:
                return
            raise AssertionError("the same key twice")
        self.keeper(which).add(key)
        if alias not in self.values:
            self.order.append(alias)
        self.values[alias] = value

    @rule(which=st.integers(0, 1), alias=ALIASES)
    @precondition(lambda self: not self.broken)
    def remove(self, which, alias):
        try:
            self.keeper(which).remove("p", alias)
        except UnknownName:
            assert alias not in self.values
            return
        self.order.remove(alias)
        del self.values[alias]

    @rule(which=st.integers(0, 1), alias=ALIASES)
    @precondition(lambda self: not self.broken)
    def remove_and_undo(self, which, alias):
        if alias not in self.values:
            return
        self.keeper(which).remove("p", alias)
        assert self.keeper(1 - which).undo("p").alias == alias

    @rule(which=st.integers(0, 1), alias=ALIASES)
    @precondition(lambda self: not self.broken)
    def activate(self, which, alias):
        if alias in self.values:
            self.keeper(which).activate("p", alias)
            self.order = [alias, *(a for a in self.order if a != alias)]

    @rule(which=st.integers(0, 1), old=ALIASES, new=ALIASES)
    @precondition(lambda self: not self.broken)
    def promote(self, which, old, new):
        if old in self.values and new in self.values and old != new:
            self.keeper(which).promote("p", new, old)
            value = self.values.pop(new)
            self.values[old] = value
            self.order = [old, *(a for a in self.order if a not in (old, new))]

    @rule(which=st.integers(0, 1))
    @precondition(lambda self: not self.broken)
    def new_slots(self, which):
        self.vaults[which].document()
        old = {slot.id for slot in self.vaults[which].slots}
        self.vaults[which].change_slots(
            lambda maker: [maker.key_file(), maker.recovery_code()], lambda slot: slot.id in old
        )

    @rule(which=st.integers(0, 1))
    def new_process(self, which):
        self.vaults[which] = closed_vault(self.home)
        self.vaults[which].unlock()

    @rule(which=st.integers(0, 1), how=st.sampled_from(["flip", "cut", "empty"]))
    @precondition(lambda self: not self.broken)
    def damage_one(self, which, how):
        closed_vault(self.home).unlock()  # both are good before
        damage(folders_in(self.home).copies[which], how)

    @rule(how=st.sampled_from(["flip", "cut", "empty"]))
    @precondition(lambda self: not self.broken)
    def damage_both(self, how):
        for path in folders_in(self.home).copies:
            data = path.read_bytes()
            path.unlink()  # the generation that is kept is another file then
            path.write_bytes(data)
            damage(path, how)
        self.broken = True

    @rule(which=st.integers(0, 1), value=VALUES)
    @precondition(lambda self: self.broken)
    def nothing_is_written(self, which, value):
        try:
            self.keeper(which).add(Key("p", "z", Secret(value), ORIGIN))
        except VaultDamaged:
            return
        raise AssertionError("a damaged vault was written")

    @rule(which=st.integers(0, 1))
    @precondition(lambda self: self.broken)
    def repair(self, which):
        self.vaults[which].repair()
        self.broken = False

    def live(self):
        vault = closed_vault(self.home)
        return [r.alias for r in vault.ready().of("p")]

    @invariant()
    def it_holds_what_it_must(self):
        for vault in self.vaults:
            assert held(vault) == self.values
        if not self.broken:
            assert self.live() == self.order


Machine.TestCase.settings = hypothesis.settings(
    max_examples=15, stateful_step_count=15, deadline=None
)
TestAgainstAModel = Machine.TestCase
