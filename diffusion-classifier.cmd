@echo off
rem Runs the classifier on Windows, as the script diffusion-classifier does elsewhere. In a copy of the sources it builds
rem the jar first when there is none yet; it does not see newer sources, and mvn -q package does.
setlocal
set "jar=%~dp0diffusion-classifier.jar"
if not exist "%~dp0pom.xml" goto run

set "jar=%~dp0target\diffusion-classifier.jar"
if exist "%jar%" goto run
echo building "%jar%": half a minute >&2
pushd "%~dp0"
call mvn -q -Dmaven.test.skip=true -pl src -am package >&2
set "status=%errorlevel%"
popd
if not "%status%"=="0" exit /b %status%

:run
set "java=java"
if defined JAVA_HOME set "java=%JAVA_HOME%\bin\java"
"%java%" -XX:+UseSerialGC -jar "%jar%" %*
exit /b %errorlevel%
