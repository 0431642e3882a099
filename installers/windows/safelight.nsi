; Safelight's installer for one user, without administrator rights. Compiled by installers/windows/package.py:
;   makensis -WX -DVERSION=0.1.0 -DBUNDLE=folder -DOUTPUT=file safelight.nsi
;
; Each version has a folder of its own, so that an update never writes over programs that run; 'safelight' in the
; folder above always starts the newest. What registers, starts and stops is the program itself.
Target amd64-unicode
Unicode true
SetCompressor /SOLID lzma
ManifestDPIAware true
RequestExecutionLevel user

!include MUI2.nsh
!include FileFunc.nsh
!include LogicLib.nsh

Name "Safelight"
OutFile "${OUTPUT}"
InstallDir "$LOCALAPPDATA\Programs\Safelight"
VIProductVersion "${VERSION}.0"
VIAddVersionKey ProductName "Safelight"
VIAddVersionKey FileDescription "Safelight installer"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey LegalCopyright "GPL-3.0-or-later"
BrandingText "Safelight ${VERSION}"

!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\Safelight"
!define HERE "$INSTDIR\${VERSION}"
!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_FINISHPAGE_RUN "${HERE}\safelight-tray.exe"
!define MUI_FINISHPAGE_RUN_PARAMETERS "--window"
!define MUI_FINISHPAGE_RUN_TEXT "Open Safelight"

!insertmacro MUI_PAGE_WELCOME
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "German"
!insertmacro MUI_LANGUAGE "French"
!insertmacro MUI_LANGUAGE "Spanish"
!insertmacro MUI_LANGUAGE "SimpChinese"

; Stops what runs, if an installed version can be asked; a tray that is open ends with its window closed by Windows.
!macro StopRunning
    ReadRegStr $0 HKCU "${UNINSTALL}" "CurrentFolder"
    ${If} $0 != ""
    ${AndIf} ${FileExists} "$0\safelight.exe"
        nsExec::Exec '"$0\safelight.exe" stop'
        Pop $1
        nsExec::Exec 'taskkill /IM safelight-tray.exe'
        Pop $1
    ${EndIf}
!macroend

; Removes the folders of all versions but one; a file that is still in use is removed with the next start of Windows.
!macro RemoveVersions KEPT
    FindFirst $0 $1 "$INSTDIR\*.*"
    ${DoWhile} $1 != ""
        ${If} $1 != "."
        ${AndIf} $1 != ".."
        ${AndIf} $1 != "${KEPT}"
        ${AndIf} ${FileExists} "$INSTDIR\$1\safelight-tray.exe"
            RMDir /r /REBOOTOK "$INSTDIR\$1"
        ${EndIf}
        FindNext $0 $1
    ${Loop}
    FindClose $0
!macroend

Section "Safelight"
    SetShellVarContext current
    !insertmacro StopRunning
    SetOutPath "${HERE}"
    File /r "${BUNDLE}\*.*"
    SetOutPath "$INSTDIR"
    WriteUninstaller "$INSTDIR\uninstall.exe"
    ; a command that stays where it is through all updates, for a person's PATH
    FileOpen $0 "$INSTDIR\safelight.cmd" w
    FileWrite $0 '@"%~dp0${VERSION}\safelight.exe" %*$\r$\n'
    FileClose $0

    CreateShortcut "$SMPROGRAMS\Safelight.lnk" "${HERE}\safelight-tray.exe" "--window"
    WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "Safelight"
    WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
    WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "${HERE}\safelight-tray.exe"
    WriteRegStr HKCU "${UNINSTALL}" "Publisher" "The Safelight developers"
    WriteRegStr HKCU "${UNINSTALL}" "InstallLocation" "$INSTDIR"
    WriteRegStr HKCU "${UNINSTALL}" "CurrentFolder" "${HERE}"
    WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
    WriteRegStr HKCU "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
    WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
    WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
    ${GetSize} "${HERE}" "/S=0K" $0 $1 $2
    IntFmt $0 "0x%08X" $0
    WriteRegDWORD HKCU "${UNINSTALL}" "EstimatedSize" "$0"

    ; the tasks and the tray at login, now with the path of this version
    nsExec::ExecToLog '"${HERE}\safelight.exe" service install'
    Pop $0
    ${If} $0 != 0
        DetailPrint "Safelight could not be registered to start by itself; 'safelight doctor' says why."
    ${EndIf}
    !insertmacro RemoveVersions "${VERSION}"
SectionEnd

Section "Uninstall"
    SetShellVarContext current
    ReadRegStr $0 HKCU "${UNINSTALL}" "CurrentFolder"
    ${If} ${FileExists} "$0\safelight.exe"
        nsExec::Exec '"$0\safelight.exe" service uninstall'
        Pop $1
    ${EndIf}
    !insertmacro StopRunning
    !insertmacro RemoveVersions ""
    Delete "$INSTDIR\safelight.cmd"
    Delete "$INSTDIR\uninstall.exe"
    RMDir "$INSTDIR"
    Delete "$SMPROGRAMS\Safelight.lnk"
    DeleteRegKey HKCU "${UNINSTALL}"
    ; settings, queue and log are the user's and stay: the command has said where they are
SectionEnd
