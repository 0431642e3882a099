#!/bin/sh
# Signs, notarises and packs Safelight.app: installers/macos/package.sh -> dist/Safelight-VERSION-ARCH.dmg
#
# With SAFELIGHT_SIGN_IDENTITY (a Developer ID in the keychain) everything is signed with it; with SAFELIGHT_NOTARY_PROFILE
# (made by 'xcrun notarytool store-credentials') the image is notarised and stapled. Without them the app is signed ad
# hoc: it runs on this Mac, and elsewhere after 'Open Anyway' in the system's settings.
set -eu
cd "$(dirname "$0")/../.."
app=build/package/dist/Safelight.app
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' agent/__init__.py)
image=dist/Safelight-$version-$(uname -m).dmg
identity=${SAFELIGHT_SIGN_IDENTITY:--}

hardened=
[ "$identity" = - ] || hardened="--options runtime --timestamp"
# From the inside out; the app itself seals what is in it.
find "$app/Contents" \( -name '*.so' -o -name '*.dylib' \) -type f -print0 |
    xargs -0 -n 50 codesign --force --sign "$identity" $hardened
for program in safelight safelight-tray; do
    codesign --force --sign "$identity" $hardened --entitlements installers/macos/entitlements.plist \
        "$app/Contents/MacOS/$program"
done
codesign --force --sign "$identity" $hardened --entitlements installers/macos/entitlements.plist "$app"
codesign --verify --deep --strict "$app"

mkdir -p dist
python3 -m dmgbuild -s installers/macos/dmg_settings.py -D app="$app" Safelight "$image"
if [ -n "${SAFELIGHT_NOTARY_PROFILE:-}" ]; then
    codesign --sign "$identity" --timestamp "$image"
    xcrun notarytool submit "$image" --keychain-profile "$SAFELIGHT_NOTARY_PROFILE" --wait
    xcrun stapler staple "$image"
fi
echo "$image"
