"""logind with one desktop on seat0: python3-dbusmock's template, and what a desktop does when it is told to lock.

Parameter "desktop": "locks" a moment after it was told, as a locker does; "deaf" never; "refuses" says that it cannot be locked; "leaves" logs out just then.
Parameter "uid": whose it is; 1000 unless given.
"""
# pylint: disable=invalid-name,wildcard-import,unused-wildcard-import

import dbus
from gi.repository import GLib
from dbusmock import mockobject
from dbusmock.templates.logind import *
from dbusmock.templates import logind as stock

SESSION_IFACE = 'org.freedesktop.login1.Session'


def lock(session):
    session.EmitSignal('', 'Lock', '', [])

    def confirm():
        # How many held sleep back when the desktop was locked.
        held = dbus.UInt32(len(getattr(mockobject, 'inhibitors', [])))
        session.UpdateProperties(SESSION_IFACE, {'LockedHint': dbus.Boolean(True), 'HeldBack': held})
        return False

    GLib.timeout_add(100, confirm)


def refuse(_session):
    raise dbus.exceptions.DBusException('Session does not support lock screen',
                                        name='org.freedesktop.DBus.Error.NotSupported')


def leave(session):
    """The session ends while it is being locked: its object goes, and the seat shows nobody."""
    seat = mockobject.objects['/org/freedesktop/login1/seat/seat0']
    none = dbus.Struct(('', dbus.ObjectPath('/')), signature='so')
    seat.props['org.freedesktop.login1.Seat']['ActiveSession'] = none
    GLib.timeout_add(100, lambda: mockobject.objects['/org/freedesktop/login1'].RemoveObject(session.path))


def terminate(_manager, session):
    mockobject.objects['/org/freedesktop/login1/session/' + session].UpdateProperties(SESSION_IFACE, {'State': 'closing'})


def load(mock, parameters):
    stock.load(mock, parameters)
    mock.AddProperty(MAIN_IFACE, 'InhibitDelayMaxUSec', dbus.UInt64(5_000_000))
    mock.AddMethod(MAIN_IFACE, 'TerminateSession', 's', '', terminate)
    path = mock.AddSession('c1', 'seat0', int(parameters.get('uid', 1000)), 'clerk', True)
    session = mockobject.objects[path]
    session.AddProperty(SESSION_IFACE, 'HeldBack', dbus.UInt32(0))
    desktop = {'locks': lock, 'refuses': refuse, 'leaves': leave}.get(parameters.get('desktop'))
    if desktop:
        session.AddMethod(SESSION_IFACE, 'Lock', '', '', desktop)
